#include "record/validate/verdict.hpp"

#include "base/json.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/validate.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

constexpr std::string_view kBaseProfile = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::size_t kShown_bytes = 200;

}  // namespace

std::vector<Finding> findings_of(std::string_view json, TypeId expected) {
    std::vector<Finding> findings;
    const auto parsed = parse_resource(json);
    if (!parsed) {
        findings.push_back({"error", {"structure", "", fmt::format("{} (byte {})", parsed.error().message, parsed.error().offset)}});
        return findings;
    }
    for (Issue& issue : validate_structure(parsed->root(), expected)) findings.push_back({"error", std::move(issue)});
    return findings;
}

void add_profile_finding(std::vector<Finding>& findings, std::string_view profile, TypeId type) {
    std::string_view name = profile.substr(0, profile.find('|'));
    if (name.starts_with(kBaseProfile)) {
        name.remove_prefix(kBaseProfile.size());
        if (type != TypeId::none && name == type_name(type)) return;
        if (name == "Resource" || name == "DomainResource") return;
        if (find_type(name) != TypeId::none) {
            findings.push_back({"error", {"invalid", std::string(type_name(type)), fmt::format("the profile is of a {}", name)}});
            return;
        }
    }
    findings.push_back({"warning",
                        {"not-supported", std::string(type_name(type)),
                         fmt::format("the profile {} is not loaded: only the base definition of the type was checked", profile.substr(0, kShown_bytes))}});
}

std::string verdict_text(std::span<const Finding> findings) {
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "OperationOutcome");
        json.array("issue", [&] {
            for (const Finding& finding : findings) {
                json.object([&] {
                    json.field("severity", finding.severity);
                    json.field("code", finding.issue.code);
                    json.field("diagnostics", finding.issue.diagnostics);
                    if (!finding.issue.expression.empty()) json.array("expression", [&] { json.string(finding.issue.expression); });
                });
            }
            if (!findings.empty()) return;
            json.object([&] {
                json.field("severity", "information");
                json.field("code", "informational");
                json.field("diagnostics", "No defect found by the checks that every write goes through");
            });
        });
    });
    return json.take();
}

}  // namespace qiao::record
