// The bodies of the gateway's own errors where the operator has written some ([errors]). Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/http/problem.h"
#include "gateway/config.h"

namespace tandem::gateway {

// The Content-Type that the ending of a file's name stands for; empty for an ending that says nothing.
std::string_view page_type(std::string_view path);

struct RenderedPage {
  std::string_view content_type;
  std::string body;
};

// The page for a problem: of its own status, else of its class ("5xx"); of several files the one whose kind `accept`
// likes most, the first where it likes none. Nothing when there is none. {status} {title} {detail} {reason} and
// {instance} are filled in, escaped for the kind of file; other braces stay.
std::optional<RenderedPage> render_page(std::span<const ErrorPage> pages, const http::Problem& problem,
                                        std::string_view accept);

}  // namespace tandem::gateway
