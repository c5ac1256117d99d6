#include "gateway/redis/command.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <new>
#include <vector>

#include <fmt/format.h>

namespace tandem::redis {

void append_command(std::string& out, std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const auto size = redisFormatCommandArgv(&made, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  out.append(made, static_cast<std::size_t>(size));
  redisFreeCommand(made);
}

Script::Script(std::string text) : source(std::move(text)) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(source.data(), source.size(), digest, &size, EVP_sha1(), nullptr);
  for (unsigned i = 0; i < size; ++i) sha += fmt::format("{:02x}", digest[i]);
}

}  // namespace tandem::redis
