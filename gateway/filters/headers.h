// `headers`: fields of the request that the service gets, and of the answer that the client gets, removed, replaced or
// added. A field that is set from something the request does not have is still removed: nobody can forge it.
#pragma once
#include <string>
#include <vector>

#include "gateway/filters/field_value.h"
#include "gateway/filters/filter.h"
#include "gateway/filters/options.h"

namespace tandem::gateway {

// The changes of one direction, compiled. load_gateway() has checked the values.
class FieldEdits {
 public:
  FieldEdits(const FieldChanges& changes, const routing::MatchPattern& pattern);

  // The views that are added live as long as the exchange and the configuration.
  void apply(http::Fields& fields, Exchange& exchange) const;

 private:
  struct Edit {
    std::string name;
    FieldValue value;
  };
  static std::vector<Edit> compiled(const std::vector<FieldSetting>& settings, const routing::MatchPattern& pattern);

  const std::vector<std::string> remove_;
  const std::vector<Edit> set_;
  const std::vector<Edit> add_;
};

class RequestHeaders final : public Filter {
 public:
  explicit RequestHeaders(FieldEdits edits) : edits_(std::move(edits)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const FieldEdits edits_;
};

class ResponseHeaders final : public Filter {
 public:
  explicit ResponseHeaders(FieldEdits edits) : edits_(std::move(edits)) {}
  async::Task<Result<Response>> handle(Exchange& exchange, Next next) const override;

 private:
  const FieldEdits edits_;
};

}  // namespace tandem::gateway
