#pragma once

#include "app/options.hpp"

/// The table `[oidc]` of the configuration file, and the way out to the provider. Called at start.
namespace qiao::app {

/// Reads `options.config_file`. Error(invalid, "app.bad_config") with line and column for what is missing, unknown or unsafe.
void read_oidc(Options& options);

/// Requests through libcurl, as exchange/transfer.hpp makes them.
access::OidcFetch oidc_fetch(const Options& options);

}  // namespace qiao::app
