#include "app/sign_in_policy.hpp"

#include "access/role.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace qiao::app {
namespace {

bool is_staff(std::string_view role) { return role != access::role::kIntegration && role != access::role::kOperator && role != access::role::kMetrics; }

}  // namespace

access::SignInPolicy sign_in_policy(const Options& options) {
    access::SignInPolicy policy;
    if (options.demo || options.second_factor == "offered") return policy;
    if (options.second_factor == "required") {
        for (const auto& row : access::roles()) {
            if (is_staff(row.code)) policy.second_factor_roles.emplace_back(row.code);
        }
        return policy;
    }
    const std::string file = find_shared().packs + "/" + options.pack + "/access.toml";
    const toml::table table = toml::parse_file(file);
    const toml::array* rows = table["second_factor"].as_array();
    for (std::size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
        const auto row = toml::node_view<const toml::node>(rows->get(i));
        const auto role = row["role"].value<std::string>().value_or("");
        const auto rule = row["rule"].value<std::string>().value_or("");
        const bool known = access::find_role(role) != nullptr && is_staff(role) && (rule == "required" || rule == "offered") && row["source"].is_string();
        if (!known) throw Error(ErrorKind::invalid, "app.bad_pack", fmt::format("{}: second_factor {}: role, rule and source are needed", file, i + 1));
        if (rule == "required") policy.second_factor_roles.push_back(role);
    }
    return policy;
}

}  // namespace qiao::app
