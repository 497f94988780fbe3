#pragma once

#include "flow/engine.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The lists of cases that a caller works from. Any thread.
namespace qiao::flow {

struct ListQuery {
    std::string sort = "due";  ///< due, waiting, urgency
    std::string text = {};     ///< name (also pinyin) or case number
    std::int64_t offset = 0;
    int count = 50;
};

struct ListCount {
    const Worklist* list = nullptr;
    std::int64_t count = 0;
    std::int64_t urgent = 0;
};

struct ListPage {
    const Worklist* list = nullptr;
    std::int64_t count = 0;
    std::vector<Case> rows;
    std::int64_t next_offset = 0;  ///< 0 = the last page
};

/// The lists that the caller's roles have.
std::vector<ListCount> worklists(const Engine& engine, const record::Caller& caller);
/// Error(not_found, "flow.no_list") for one that the caller does not have.
ListPage worklist(const Engine& engine, const record::Caller& caller, std::string_view name, const ListQuery& query);

/// What a person carries as an expert.
struct Load {
    std::int64_t open_cases = 0;  ///< live ones, accepted or asked for, without a signed opinion
    std::int64_t asked_in_7_days = 0;
    Instant last_asked{};  ///< the epoch = never
};
Load load_of(const Ground& ground, std::int64_t person);

/// The names of all lists, whoever has them.
std::vector<std::string> worklist_names(const Engine& engine);

}  // namespace qiao::flow
