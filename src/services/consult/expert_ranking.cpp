#include "services/consult/expert_ranking.hpp"

#include "access/role.hpp"
#include "flow/case_view.hpp"
#include "flow/worklist.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>
#include <array>

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::int64_t kBusy = 5;  ///< open cases from which on somebody counts as busy

/// 1 to 3; 0 for "any" and for none.
int rank_number(std::string_view rank) {
    constexpr std::array<std::string_view, 3> kRanks = {"attending", "associate_chief", "chief"};
    const auto* at = std::find(kRanks.begin(), kRanks.end(), rank);
    return at == kRanks.end() ? 0 : static_cast<int>(at - kRanks.begin()) + 1;
}

struct Candidate {
    access::Member member;
    bool able = false;
    bool fits = false;
    bool ranked = false;
    bool on_duty = false;
    flow::Load load;
};

bool better(const Candidate& a, const Candidate& b) {
    if (a.able != b.able) return a.able;
    if (a.fits != b.fits) return a.fits;
    if (a.ranked != b.ranked) return a.ranked;
    if (a.on_duty != b.on_duty) return a.on_duty;
    if (a.load.open_cases != b.load.open_cases) return a.load.open_cases < b.load.open_cases;
    return a.load.last_asked < b.load.last_asked;
}

Value reasons(const Candidate& one) {
    Value why = Value::array();
    if (!one.able) why.push("licence_ended");
    why.push(one.fits ? "specialty" : "other_specialty");
    why.push(one.ranked ? "rank" : "rank_below");
    if (one.on_duty) why.push("on_duty");
    if (one.load.open_cases == 0) why.push("free");
    if (one.load.open_cases >= kBusy) why.push("busy");
    return why;
}

Value view_of(const flow::Ground& ground, const flow::Case& item, const Candidate& one) {
    Value view = flow::person_view(ground, one.member.person.id);
    const access::Membership& place = one.member.membership;
    view.set("organisation", flow::organisation_view(ground, item.to_org));
    view.set("specialties", place.specialty.empty() ? Value::array() : Value::array({Value(place.specialty)}));
    view.set("rank", place.rank);
    view.set("languages", one.member.person.languages);
    view.set("licence_ends", one.member.person.licence_ends == Instant::max() ? Value() : Value(format_instant(one.member.person.licence_ends)));
    view.set("fits", one.fits);
    view.set("able", one.able);
    view.set("on_duty", one.on_duty);
    view.set("live", ground.events.has_page(one.member.person.id));
    view.set("open_cases", one.load.open_cases);
    view.set("asked_in_7_days", one.load.asked_in_7_days);
    view.set("why", reasons(one));
    return view;
}

}  // namespace

Value ranked_experts(const flow::Ground& ground, const flow::Case& item, std::string_view text) {
    const std::string& specialty = item.notes["specialty"].text();
    const std::vector<access::Duty> duties = ground.directory.on_duty(item.to_org, specialty);
    const Instant now = ground.clock.now();
    std::vector<Candidate> list;
    for (access::Member& one : ground.directory.members(item.to_org, access::role::kExpert)) {
        const std::string folded = record::fold_text(one.person.name + " " + one.person.name_en + " " + one.membership.specialty);
        if (one.person.id == item.requester || folded.find(text) == std::string::npos) {
            continue;
        }
        Candidate candidate;
        candidate.able = one.person.licence_ends > now;
        candidate.fits = one.membership.specialty == specialty;
        candidate.ranked = rank_number(one.membership.rank) >= rank_number(item.notes["rank"].text());
        candidate.on_duty = std::any_of(duties.begin(), duties.end(), [&](const access::Duty& duty) { return duty.person == one.person.id; });
        candidate.load = flow::load_of(ground, one.person.id);
        candidate.member = std::move(one);
        list.push_back(std::move(candidate));
    }
    std::stable_sort(list.begin(), list.end(), better);
    Value views = Value::array();
    for (const Candidate& one : list) {
        views.push(view_of(ground, item, one));
    }
    return views;
}

std::string telephone_of(const flow::Ground& ground, std::int64_t organisation_id) {
    const std::optional<access::Organisation> organisation = ground.directory.organisation(organisation_id);
    if (!organisation) {
        return {};
    }
    const auto reader = ground.record.read(record::ReadFilter::system("the directory is everybody's"));
    const Value resource = reader->get(organisation->resource).value();
    for (const Value& one : resource["telecom"].items()) {
        if (one["system"].text() == "phone") {
            return one["value"].text();
        }
    }
    return {};
}

Value emergency_numbers(const flow::Ground& ground) {
    Value numbers = Value::array();
    for (const flow::CodeText& one : ground.pack->codes("emergency_numbers")) {
        numbers.push(Value::object({{"number", one.code}, {"zh", one.zh}, {"en", one.en}}));
    }
    return numbers;
}

Value reachable_now(const flow::Ground& ground, std::int64_t organisation, std::string_view specialty) {
    Value duties = Value::array();
    for (const access::Duty& duty : ground.directory.on_duty(organisation, specialty)) {
        const auto membership = ground.directory.membership_of(duty.person, organisation, access::role::kExpert);
        Value view = flow::person_view(ground, duty.person);
        view.set("specialty", membership->specialty);
        view.set("rank", membership->rank);
        view.set("place", duty.place);
        view.set("live", ground.events.has_page(duty.person));
        duties.push(std::move(view));
    }
    Value view = Value::object({{"organisation", flow::organisation_view(ground, organisation)}, {"phone", telephone_of(ground, organisation)}});
    view.set("numbers", emergency_numbers(ground));
    view.set("on_duty", std::move(duties));
    view.set("experts", static_cast<std::int64_t>(ground.directory.members(organisation, access::role::kExpert, specialty).size()));
    return view;
}

}  // namespace qiao::consult
