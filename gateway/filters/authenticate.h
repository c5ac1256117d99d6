// `auth`: finds out who calls before anything else is done for them. Any of the groups will do, in the order of the
// file, of which every provider must agree. A credential that was shown is never ignored: it is accepted, or the
// request is refused, on routes where it is optional too. What is there without the client having put it into the
// request (a certificate, or the request itself where a service decides) counts where the request shows nothing else,
// or with what it shows.
#pragma once
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/auth/provider.h"
#include "gateway/filters/filter.h"

namespace tandem::gateway {

inline constexpr std::size_t kMaxCredentialSources = 8;  // places of one route where a credential may stand

class Authenticate final : public Filter {
 public:
  using Group = std::vector<std::shared_ptr<const Provider>>;
  // At most kMaxCredentialSources different sources.
  Authenticate(std::vector<Group> groups, bool optional);
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  using Mask = std::uint32_t;  // of sources, by their index
  struct Member {
    std::shared_ptr<const Provider> provider;
    std::size_t source = 0;
  };
  struct Choice {
    std::vector<Member> members;
    Mask sources = 0;
    Mask in_request = 0;  // those of them that a client puts into its request
  };
  struct Shown {
    std::array<std::string_view, kMaxCredentialSources> credentials;
    Mask sources = 0;
    Mask in_request = 0;  // those of them that the client has put into this request
    bool repeated = false;
    bool foreign = false;  // nothing but an Authorization of another scheme than those that are asked for
  };
  struct Verification;

  static std::string_view name_of(const Choice& choice) { return choice.members.front().provider->config().name; }
  Shown look(const Exchange& exchange) const;
  static bool is_shown(const Choice& choice, const Shown& shown);
  std::shared_ptr<const Identity> recall(const Choice& choice, const Shown& shown, const Exchange& exchange) const;
  async::Task<Result<Response>> verify(Exchange& exchange, Next next, Shown shown) const;
  async::Task<bool> ask(const Choice& choice, const Shown& shown, Verification& outcome) const;
  void accept(Exchange& exchange, const Choice& choice, std::shared_ptr<const Identity> identity) const;
  void remove_credentials(Exchange& exchange, const Choice* accepted_by) const;
  Response refuse(Exchange& exchange, bool shown, std::string why) const;

  std::vector<CredentialSource> sources_;
  std::vector<Choice> choices_;
  const bool optional_;
};

}  // namespace tandem::gateway
