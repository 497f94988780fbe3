#include "flow/leaving.hpp"

#include "base/id.hpp"

#include <set>

namespace qiao::flow {

std::vector<store::LeavingNotice> leaving_notices(const Ground& ground, const Case& item, const std::vector<Notice>& notices, std::int64_t actor, Instant now) {
    std::vector<store::LeavingNotice> list;
    std::set<std::pair<std::int64_t, std::string>> known;
    for (const Notice& notice : notices) {
        const int level = static_cast<int>(notice.params["level"].integer().value_or(0));
        const std::string& urgency = item.urgency;  // as the commit leaves it: a verb may raise it after it has told somebody
        const NotifyRule* rule = ground.pack->notify_rule(notice.code, urgency, level, notice.params["act_by"].text());
        if (rule == nullptr) {
            continue;
        }
        std::set<std::int64_t> people(notice.to.people.begin(), notice.to.people.end());
        for (const Desk& desk : notice.to.desks) {
            for (const access::Member& member : ground.directory.members(desk.organisation, desk.role)) {
                people.insert(member.person.id);
            }
        }
        for (const std::int64_t person : people) {
            if (person == 0 || person == actor || !known.emplace(person, notice.code).second) {
                continue;
            }
            store::LeavingNotice one;
            one.id = new_uuid(now);
            one.case_id = item.lead_case.empty() ? item.id : item.lead_case;
            one.code = notice.code;
            one.urgency = urgency;
            one.case_state = item.lead_case.empty() ? item.state : "";
            one.params = notice.params;
            if (notice.code == "flow.clock") {
                one.params.set("clock_of", item.id);
            }
            one.person = person;
            one.created = now;
            one.check = now;
            list.push_back(std::move(one));
        }
    }
    return list;
}

}  // namespace qiao::flow
