// What an operator orders of a server at run time, over the admin address: no new connections (drain, disable), back to
// what the file says (enable), another weight. Orders live in the balance::Server, so they outlast a reload. Called on
// the control thread.
#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/balance/upstream.h"
#include "common/observe/admin.h"

namespace tandem::process {

// The upstreams of the generation in force.
using UpstreamsInForce = std::function<const std::vector<std::shared_ptr<balance::Upstream>>&()>;

// POST /upstreams/{u}/servers/{s}/{drain,enable,disable} and PUT /upstreams/{u}/servers/{s}/weight with a number from 0
// to 256 as body. A server is named by its name or its address. Answers what was in force before and what is now; 404
// for an unknown name, 400 for what is no weight, 503 with the sentence that `refusal` gives when it gives one.
void add_orders(observe::Admin& admin, UpstreamsInForce upstreams, std::function<std::string_view()> refusal = {});

}  // namespace tandem::process
