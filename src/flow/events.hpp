#pragma once

#include "base/json_value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The port by which `flow` tells open pages that something changed. Called after the commit, on the thread that made it;
/// must not block. Nothing personal passes it: codes, ids of cases and numbers.
namespace qiao::flow {

/// Everybody who has `role` at `organisation`.
struct Desk {
    std::int64_t organisation = 0;
    std::string role;
    friend bool operator==(const Desk&, const Desk&) = default;
};

struct Audience {
    std::vector<std::int64_t> people;  ///< access_person.id
    std::vector<Desk> desks;
};

struct Notice {
    Audience to;
    std::string code;  ///< "flow.case_offered": docs/case-api.md
    std::string case_id;
    std::string urgency;
    json::Value params = json::Value::object();
};

class Events {
public:
    virtual ~Events() = default;
    virtual void case_changed(std::string_view case_id, std::int64_t version, const Audience& who) = 0;
    /// The worklists of these people may have changed.
    virtual void lists_changed(const Audience& who) = 0;
    virtual void notice(const Notice& notice) = 0;
    /// Whether a page of this person is open now.
    [[nodiscard]] virtual bool has_page(std::int64_t person) const = 0;
};

/// For commands and tests without open pages.
class NoEvents : public Events {
public:
    void case_changed(std::string_view, std::int64_t, const Audience&) override {}
    void lists_changed(const Audience&) override {}
    void notice(const Notice&) override {}
    [[nodiscard]] bool has_page(std::int64_t) const override { return false; }
};

}  // namespace qiao::flow
