#include "app/patient_policy.hpp"

#include "access/patient_request.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace qiao::app {

access::PatientPolicy patient_policy(const Options& options) {
    const std::string file = find_shared().packs + "/" + options.pack + "/patient.toml";
    const toml::table table = toml::parse_file(file);
    const auto bad = [&](const std::string& what) { throw Error(ErrorKind::invalid, "app.bad_pack", fmt::format("{}: {}", file, what)); };
    access::PatientPolicy policy;
    policy.ward_until_years = table["acting_for"]["ward_until_years"].value_or(0);
    policy.longest_proxy_days = table["acting_for"]["longest_proxy_days"].value_or(0);
    policy.code_text_zh = table["code"]["zh"].value<std::string>().value_or("");
    policy.code_text_en = table["code"]["en"].value<std::string>().value_or("");
    if (policy.ward_until_years < 1 || policy.ward_until_years > 30 || policy.longest_proxy_days < 1) bad("acting_for: ward_until_years, longest_proxy_days");
    for (const std::string& text : {policy.code_text_zh, policy.code_text_en}) {
        if (text.find("{code}") == std::string::npos) bad("code: zh and en with {code}");
    }
    const toml::array* rows = table["answer"].as_array();
    for (std::size_t i = 0; rows != nullptr && i < rows->size(); ++i) {
        const auto row = toml::node_view<const toml::node>(rows->get(i));
        const auto kind = row["kind"].value<std::string>().value_or("");
        const int days = row["days"].value_or(0);
        const bool known = std::find(access::kRequestKinds.begin(), access::kRequestKinds.end(), kind) != access::kRequestKinds.end();
        if (!known || days < 1 || !row["source"].is_string()) bad(fmt::format("answer {}: kind, days and source are needed", i + 1));
        policy.answer_days[kind] = days;
    }
    if (policy.answer_days.size() != access::kRequestKinds.size()) bad("answer: a row for each kind");
    return policy;
}

}  // namespace qiao::app
