#pragma once

#include "record/validate/verdict.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Verdicts as lines of text.
namespace qiao::record {

inline std::vector<std::string> said(std::string_view json, const std::vector<std::string>& profiles = {}, std::string_view severity = "error") {
    const auto now = parse_instant("2026-11-21T08:30:00.000Z");
    std::vector<std::string> out;
    for (const Finding& finding : findings_of(json, TypeId::none, profiles, *now)) {
        if (finding.severity == severity) out.push_back(finding.issue.code + " " + finding.issue.expression + ": " + finding.issue.diagnostics);
    }
    return out;
}

}  // namespace qiao::record
