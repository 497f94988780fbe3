#pragma once

#include "access/sign_in_steps.hpp"
#include "app/options.hpp"

/// Who has to have a second factor, from the configuration or `access.toml` of the country pack. Called at start.
namespace qiao::app {

/// In `demo` nobody has to. Error(invalid, "app.bad_pack") for a row that is not understood.
access::SignInPolicy sign_in_policy(const Options& options);

}  // namespace qiao::app
