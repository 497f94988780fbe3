#include "record/validate/verdict.hpp"

#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "record/validate/full.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/validate.hpp"

#include <fmt/format.h>

namespace qiao::record {
std::vector<Finding> findings_of(std::string_view json, TypeId expected, std::span<const std::string> profiles, Instant now, const DefinitionShelf& shelf) {
    std::vector<Finding> findings;
    const auto parsed = parse_resource(json, limits::kBundleBody_bytes);
    if (!parsed) {
        findings.push_back({"error", {"structure", "", fmt::format("{} (byte {})", parsed.error().message, parsed.error().offset)}});
        return findings;
    }
    for (Issue& issue : validate_structure(parsed->root(), expected)) findings.push_back({"error", std::move(issue)});
    const auto tree = json::parse(parsed->text());
    if (tree) {
        check_fully(*tree, profiles, now, shelf, findings);
    } else {
        findings.push_back({"error", {"structure", "", fmt::format("{} (byte {})", tree.error().message, tree.error().offset)}});
    }
    return findings;
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
                json.field("diagnostics", "No defect found");
            });
        });
    });
    return json.take();
}

}  // namespace qiao::record
