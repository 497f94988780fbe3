#include "access/odd_looks.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kDay = 24h;
constexpr std::size_t kRows_a_page = 5000;
constexpr std::size_t kLines_max = 1000;  // a week and kind; more than that nobody explains one by one

/// What one person did with one patient in the week.
struct Doing {
    std::int64_t organisation = 0;
    Instant first = Instant::max();
    Instant last{};
    std::int64_t looks = 0;  ///< outside a case
    Instant first_act = Instant::max();
    Instant last_act{};
};

struct Week {
    std::map<std::pair<std::int64_t, record::Rid>, Doing> doings;                                           ///< by person and patient
    std::map<std::pair<std::int64_t, std::int64_t>, std::pair<std::set<record::Rid>, std::int64_t>> hours;  ///< by person and hour: patients, institution
};

bool is_look(const AuditEvent& event) {
    const bool opens = event.action == "read" || event.action == "vread" || event.action == "history" || event.action == "export" || event.action == "print";
    return (opens || event.action == "search") && event.patient != 0 && event.type != "AuditEvent" && event.outcome == "success";
}

bool is_act(const AuditEvent& event) {
    return event.patient != 0 && (event.action == "create" || event.action == "update" || event.action == "delete" || event.action == "sign");
}

void take(Week& week, const AuditRow& row) {
    const AuditEvent& event = row.event;
    const Instant at = from_us(event.recorded_us);
    const auto key = std::pair(event.person, event.patient);
    if (is_act(event)) {
        Doing& doing = week.doings[key];
        doing.first_act = std::min(doing.first_act, at);
        doing.last_act = std::max(doing.last_act, at);
        return;
    }
    auto& hour = week.hours[{event.person, event.recorded_us / 3'600'000'000}];
    hour.first.insert(event.patient);
    hour.second = event.organisation;
    if (!event.case_id.empty()) return;
    Doing& doing = week.doings[key];
    doing.organisation = event.organisation;
    doing.first = std::min(doing.first, at);
    doing.last = std::max(doing.last, at);
    ++doing.looks;
}

/// Names of patients, read once.
class PatientNames {
public:
    explicit PatientNames(record::Record& record) : reader_(record.read(record::ReadFilter::system("odd looks compare names"))) {}
    const std::string& of(record::Rid rid) {
        const auto [known, fresh] = names_.try_emplace(rid);
        if (!fresh) return known->second;
        const std::string reference = reader_->reference_of(rid);
        const auto patient = reference.starts_with("Patient/") ? reader_->read("Patient", reference.substr(8)) : std::nullopt;
        if (!patient || patient->deleted) return known->second;
        const auto value = patient->value();
        const auto& name = value["name"].at(0);
        known->second = name["text"].text();
        if (known->second.empty() && name["given"].size() > 0) known->second = name["given"].at(0).text() + " " + name["family"].text();
        return known->second;
    }

private:
    std::unique_ptr<record::Reader> reader_;
    std::map<record::Rid, std::string> names_;
};

OddLook line_of(Instant week, std::string_view kind, std::int64_t person, record::Rid patient, const Doing& doing) {
    return {.week = week,
            .kind = std::string(kind),
            .person = person,
            .organisation = doing.organisation,
            .patient = patient,
            .first = doing.first,
            .last = doing.last,
            .count = doing.looks};
}

}  // namespace

std::string family_of(std::string_view name) {
    // Family names of two characters that are met at all often; every other one of the Han has one.
    constexpr std::array<std::string_view, 14> kDouble = {"欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟",
                                                          "公孙", "慕容", "令狐", "东方", "独孤", "南宫", "司徒"};
    name = trim(name);
    if (name.empty()) return {};
    for (const std::string_view one : kDouble) {
        if (name.starts_with(one)) return std::string(one);
    }
    if (static_cast<unsigned char>(name.front()) >= 0xE3) return std::string(name.substr(0, static_cast<unsigned char>(name.front()) >= 0xF0 ? 4 : 3));
    const auto space = name.rfind(' ');
    return lower(space == std::string_view::npos ? name : name.substr(space + 1));
}

OddLooks::OddLooks(storage::Database& database, storage::Writer& writer, record::Record& record, Audit& audit, const Directory& directory, const Clock& clock)
    : database_(database), writer_(writer), record_(record), audit_(audit), directory_(directory), clock_(clock) {}

Instant OddLooks::week_of(Instant at) {
    constexpr auto kWeek = 7 * kDay;
    constexpr auto kMonday = 4 * kDay;  // 1970-01-05
    const auto since = std::chrono::duration_cast<std::chrono::hours>(at.time_since_epoch() - kMonday);
    return Instant{} + kMonday + (since / kWeek) * kWeek;
}

OddLooks::~OddLooks() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void OddLooks::tick() {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    if (running_ || (gathered_ != Instant{} && now - gathered_ < kDay)) return;
    gathered_ = now;
    running_ = true;
    if (thread_.joinable()) thread_.join();
    thread_ = std::jthread([this](const std::stop_token& stop) {
        try {
            gather(stop);
        } catch (const Error& error) {
            log::error("audit.odd_looks_failed", {{"code", error.code()}});
        }
        const std::lock_guard done(mutex_);
        running_ = false;
    });
}

void OddLooks::gather(const std::stop_token& stop) {
    audit_.flush();
    const Instant now = clock_.now();
    const Instant week = week_of(now);
    if (now - week < 2 * kDay) store(find(week - 7 * kDay, week, stop));
    store(find(week, now, stop));
}

std::vector<OddLook> OddLooks::find(Instant week, Instant until, const std::stop_token& stop) {
    Week seen;
    // A day more on both sides: an act just before or after the week explains a look in it.
    AuditQuery query{.from = week - kDay, .until = until + kDay};
    query.also = [](const AuditRow& row) { return row.event.person > 0 && (is_look(row.event) || is_act(row.event)); };
    std::optional<AuditPlace> before;
    do {
        const AuditPage page = search_audit(database_, query, before, kRows_a_page);
        for (const AuditRow& row : page.rows) {
            const Instant at = from_us(row.event.recorded_us);
            if (is_act(row.event) || (at >= week && at < until)) take(seen, row);
        }
        before = page.next;
        if (stop.stop_requested()) return {};
    } while (before);

    std::vector<OddLook> found;
    std::map<std::string_view, std::size_t> lines;
    const auto add = [&](OddLook line) {
        if (++lines[line.kind == odd::kMany ? odd::kMany : line.kind == odd::kNoAct ? odd::kNoAct : odd::kOwnName] <= kLines_max)
            found.push_back(std::move(line));
    };
    PatientNames names(record_);
    for (const auto& [key, doing] : seen.doings) {
        if (doing.looks == 0) continue;
        const auto& [person_id, patient] = key;
        const auto person = directory_.person(person_id);
        const std::string& name = names.of(patient);
        if (!person || name.empty()) continue;
        const auto members = directory_.members(doing.organisation, "");
        const bool colleague =
            std::any_of(members.begin(), members.end(), [&](const Member& one) { return one.person.name == name || one.person.name_en == name; });
        if (colleague) add(line_of(week, odd::kColleague, person_id, patient, doing));
        if (!colleague && family_of(person->name) == family_of(name)) add(line_of(week, odd::kOwnName, person_id, patient, doing));
        const bool acted = doing.first_act <= doing.last + kDay && doing.last_act >= doing.first - kDay;
        if (!acted && doing.last + kDay < clock_.now()) add(line_of(week, odd::kNoAct, person_id, patient, doing));
    }
    std::map<std::int64_t, OddLook> worst;
    for (const auto& [key, patients] : seen.hours) {
        const auto count = static_cast<std::int64_t>(patients.first.size());
        OddLook& line = worst[key.first];
        if (count <= kMany_patients || count <= line.count) continue;
        const Instant hour = from_us(key.second * 3'600'000'000);
        line = {.week = week,
                .kind = std::string(odd::kMany),
                .person = key.first,
                .organisation = patients.second,
                .first = hour,
                .last = hour + 1h,
                .count = count};
    }
    for (auto& [person, line] : worst) {
        if (line.count > 0) add(std::move(line));
    }
    return found;
}

}  // namespace qiao::access
