#include "app/live_pages.hpp"

#include "access/routes.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "flow/worklist.hpp"

#include <set>

namespace qiao::app {

LivePages::LivePages(access::Sessions& sessions, const access::Directory& directory, const Clock& clock)
    : sessions_(sessions), directory_(directory), hub_(*this, clock) {
    sessions_.on_session_ended([this](std::string_view key) { hub_.end_session(key, "access.no_session"); });
}

std::optional<http::EventSubject> LivePages::authenticate(const http::Request& request) {
    access::require_same_site(request);
    const auto session = sessions_.find(request);
    if (!session || session->person == 0 || !session->must.empty()) return std::nullopt;
    return http::EventSubject{session->key, std::to_string(session->person)};
}

bool LivePages::may_watch_list(const http::EventSubject& subject, std::string_view list) { return list_count(subject, list) >= 0; }

bool LivePages::may_watch_case(const http::EventSubject& subject, std::string_view case_id) {
    const auto caller = sessions_.caller_of(subject.session_key);
    return caller && engine_->knows_of(*caller, case_id);
}

/// -1 for a list that the subject's roles do not have.
int LivePages::list_count(const http::EventSubject& subject, std::string_view list) {
    const auto caller = sessions_.caller_of(subject.session_key);
    if (!caller) return -1;
    for (const flow::ListCount& one : flow::worklists(*engine_, *caller)) {
        if (one.list->name == list) return static_cast<int>(one.count);
    }
    return -1;
}

void LivePages::case_changed(std::string_view case_id, std::int64_t version, const flow::Audience& /*who*/) { hub_.case_changed(case_id, version); }

void LivePages::lists_changed(const flow::Audience& /*who*/) {
    for (const std::string& name : flow::worklist_names(*engine_)) hub_.list_changed(name);
}

void LivePages::notice(const flow::Notice& notice) {
    std::set<std::int64_t> people(notice.to.people.begin(), notice.to.people.end());
    for (const flow::Desk& desk : notice.to.desks) {
        for (const access::Member& member : directory_.members(desk.organisation, desk.role)) people.insert(member.person.id);
    }
    const std::string id = new_random_uuid();
    for (const std::int64_t person : people) {
        hub_.notice(std::to_string(person),
                    {.id = id, .code = notice.code, .case_id = notice.case_id, .urgency = notice.urgency, .params_json = notice.params.dump()});
    }
}

void LivePages::security_notice(std::int64_t person, std::string_view code) {
    const auto params = json::Value::object({{"what", code}});
    hub_.notice(std::to_string(person), {.id = new_random_uuid(), .code = "security", .case_id = {}, .urgency = {}, .params_json = params.dump()});
}

}  // namespace qiao::app
