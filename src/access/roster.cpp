#include "access/directory_tables.hpp"
#include "access/role.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

constexpr std::chrono::hours kDuty_max{24 * 7};
constexpr int kPlace_max = 9;
constexpr std::size_t kDuties_max = 500;

bool are_languages(std::string_view words) {
    if (words.empty()) return true;
    if (words.size() > 60) return false;
    for (const std::string_view word : split(words, ' ')) {
        if (word.size() != 2 || word[0] < 'a' || word[0] > 'z' || word[1] < 'a' || word[1] > 'z') return false;
    }
    return true;
}

std::string text_of(const Duty& duty) {
    return "organisation=" + std::to_string(duty.organisation) + " person=" + std::to_string(duty.person) + " specialty=" + duty.specialty + " " +
           format_instant(duty.starts) + "/" + format_instant(duty.ends);
}

}  // namespace

void Directory::set_licence(const record::Actor& actor, std::int64_t person_id, std::string_view number, Instant ends, std::string_view languages) {
    const auto who = person(person_id);
    if (!who) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    if (number.size() > 64 || !are_languages(languages)) {
        throw Error(ErrorKind::invalid, "access.bad_licence", "a licence has a number of at most 64 characters; languages are two-letter codes");
    }
    auto work = begin(actor);
    json::Value value = work->load(who->resource).value();
    value.remove("qualification");
    value.remove("communication");
    if (!number.empty()) {
        json::Value licence = json::Value::object({{"identifier", json::Value::array({json::Value::object({{"value", number}})})}});
        licence.set("code", json::Value::object({{"text", "licence to practise"}}));
        if (ends != Instant::max()) licence.set("period", json::Value::object({{"end", format_instant(ends)}}));
        value.member("qualification").push(std::move(licence));
    }
    if (!languages.empty()) {
        for (const std::string_view word : split(languages, ' ')) {
            json::Value coding = json::Value::object({{"system", "urn:ietf:bcp:47"}, {"code", word}});
            value.member("communication").push(json::Value::object({{"coding", json::Value::array({std::move(coding)})}}));
        }
    }
    work->update(std::move(value));
    work->also([&](storage::Group& group, const record::Work::RidOf&) { directory_rows::set_licence(group, person_id, number, ends, languages); });
    commit(*work);
}

void Directory::add_duties(const record::Actor& actor, const std::vector<Duty>& duties) {
    const Instant now = clock_.now();
    const auto refuse = [](const char* why) { throw Error(ErrorKind::invalid, "access.bad_duty", why); };
    if (duties.empty() || duties.size() > kDuties_max) refuse("1 to 500 duties at once");
    for (const Duty& duty : duties) {
        if (duty.ends <= duty.starts || duty.ends - duty.starts > kDuty_max) refuse("a duty ends after its start and lasts a week at most");
        if (duty.ends <= now) refuse("a duty that is over is not added");
        if (duty.place < 1 || duty.place > kPlace_max) refuse("the place is 1 to 9");
        if (duty.specialty.size() > 64) refuse("a specialty is a short code");
        if (!membership_of(duty.person, duty.organisation, role::kExpert)) refuse("on duty is who is an expert of the institution");
    }
    auto work = begin(actor);
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        for (const Duty& duty : duties) {
            directory_rows::insert_duty(group, duty);
            if (audit_) audit_(group, actor, "duty", text_of(duty));
        }
    });
    commit(*work);
}

void Directory::remove_duty(const record::Actor& actor, std::int64_t organisation_id, std::int64_t duty) {
    auto work = begin(actor);
    work->check([&](storage::Group& group) {
        if (!directory_rows::has_duty(group, organisation_id, duty)) throw Error(ErrorKind::not_found, "access.no_duty", "no such duty");
    });
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        directory_rows::delete_duty(group, duty);
        if (audit_) audit_(group, actor, "duty", "removed " + std::to_string(duty) + " organisation=" + std::to_string(organisation_id));
    });
    commit(*work);
}

std::vector<Duty> Directory::duties(std::int64_t organisation_id, Instant from, Instant until) const {
    const auto now = tables();
    std::vector<Duty> all;
    for (const Duty& one : now->duties) {
        if (one.organisation == organisation_id && one.starts < until && one.ends > from) all.push_back(one);
    }
    return all;
}

std::vector<Duty> Directory::on_duty(std::int64_t organisation_id, std::string_view specialty) const {
    const Instant instant = clock_.now();
    std::vector<Duty> now = duties(organisation_id, instant, instant + std::chrono::microseconds(1));
    std::erase_if(now, [&](const Duty& one) {
        const auto who = person(one.person);
        const bool fits = one.specialty.empty() || one.specialty == specialty;
        return !fits || !who || !who->active || who->licence_ends <= instant || !membership_of(one.person, organisation_id, role::kExpert);
    });
    // Their own specialty before those who take whatever comes, then the order of the roster.
    std::stable_sort(now.begin(), now.end(),
                     [](const Duty& a, const Duty& b) { return a.specialty.empty() != b.specialty.empty() ? b.specialty.empty() : a.place < b.place; });
    return now;
}

}  // namespace qiao::access
