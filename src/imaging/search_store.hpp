#pragma once

#include "imaging/header_json.hpp"
#include "imaging/study_access.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// QIDO-RS searches (PS3.18 10.6): a parsed query and the SQL that answers it from stored JSON. Thread-safe.
namespace qiao::imaging {

struct StudyQuery {
    QueryLevel level = QueryLevel::study;
    std::string study_uid;                                     ///< of the path; empty = all
    std::string series_uid;                                    ///< of the path
    std::vector<std::pair<std::string, std::string>> matches;  ///< name (keyword, tag or sequence path) and value
    std::int64_t limit = 1'000;
    std::int64_t offset = 0;
};

struct FoundRows {
    std::string json;  ///< `[…]`
    std::int64_t rows = 0;
    bool more = false;  ///< there were more than `limit`
};

/// Throws Error(invalid, "dicom.unknown_key") or "dicom.bad_value", naming the parameter.
FoundRows search_studies(InstanceStore& store, const Viewer& viewer, const StudyQuery& query, Instant now);

}  // namespace qiao::imaging
