#include "service.hpp"

#include "record/definitions/definitions.hpp"
#include "record/store/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <random>

/// What a caller reads is what the filter lets through, and is told as if nothing else were there. Random patients, resources, labels,
/// grants, denials and callers. (1) Every resource and version that any path shows is allowed by a naive filter in memory, written from
/// the words of record/filter.hpp. (2) Each caller gets the same answer from a second record that holds only what they may see: so
/// totals, orders, chains and conditions tell nothing of the rest either. QIAO_SEED repeats a run.
namespace qiao::record::testing {
namespace {

using json::Value;
using Names = std::vector<std::string>;

/// One version as it was written.
struct Made {
    std::int64_t organisation = 0;  ///< of the first version
    std::string patient;            ///< "Patient/p1", or empty
    std::int64_t labels = 0;
    bool deleted = false;
    std::string text;
};
struct Item {
    std::string reference;
    std::vector<Made> versions;
    std::int64_t added = 0;  ///< labels beside those of the text
    [[nodiscard]] const Made& now() const { return versions.back(); }
};
struct Right {
    std::string about;  ///< a patient or a resource
    std::int64_t grantee = 0;
    std::int64_t starts_h = 0, ends_h = 0;  ///< hours from now
    Opens opens;
};
struct Denial {
    std::string patient;
    std::int64_t grantee = 0;
};

struct World {
    std::vector<Item> items;  ///< in the order in which they were made; references lead backwards
    std::vector<Right> patient_rights, item_rights;
    std::vector<Denial> denials;

    [[nodiscard]] const Item* find(std::string_view reference) const {
        const auto found = std::find_if(items.begin(), items.end(), [&](const Item& one) { return one.reference == reference; });
        return found == items.end() ? nullptr : &*found;
    }
};

std::string type_of(std::string_view reference) { return std::string(reference.substr(0, reference.find('/'))); }
std::string id_of(std::string_view reference) { return std::string(reference.substr(reference.find('/') + 1)); }

/// The naive filter.
bool opens(const World& world, const Right& right, const ReadFilter& filter, std::int64_t labels, const std::string& patient) {
    const bool holds = std::find(filter.grantees.begin(), filter.grantees.end(), right.grantee) != filter.grantees.end();
    if (!holds || right.starts_h > 0 || right.ends_h <= 0) return false;
    if ((labels & ~(right.opens.labels | (right.opens.by_right & filter.labels))) != 0) return false;
    const auto denies = [&](const Denial& one) { return one.patient == patient && one.grantee == right.grantee; };
    return right.opens.beats_denial || std::none_of(world.denials.begin(), world.denials.end(), denies);
}

/// @param version  with what its labels were; the patient's own labels count as they are now
bool is_allowed(const World& world, const ReadFilter& filter, const Item& item, const Made& version) {
    std::int64_t labels = version.labels | item.added;
    if (const Item* patient = world.find(version.patient)) labels |= patient->now().labels;
    for (const Right& right : world.item_rights) {
        if (right.about == item.reference && opens(world, right, filter, labels, version.patient)) return true;
    }
    if (version.patient.empty()) {
        const auto owns = std::find(filter.organisations.begin(), filter.organisations.end(), version.organisation) != filter.organisations.end();
        return (labels & ~filter.labels) == 0 && (version.organisation == 0 || owns);
    }
    return std::any_of(world.patient_rights.begin(), world.patient_rights.end(),
                       [&](const Right& right) { return right.about == version.patient && opens(world, right, filter, labels, version.patient); });
}

bool is_allowed(const World& world, const ReadFilter& filter, std::string_view reference) {
    const Item* item = world.find(reference);
    return item != nullptr && !item->now().deleted && is_allowed(world, filter, *item, item->now());
}

class Maker {
public:
    explicit Maker(std::mt19937_64& random) : random_(random) {}

    World world() {
        for (int i = 0; i < 3; ++i) add(fmt::format("Organization/org{}", i), "", fmt::format(R"("name":"House {}")", i), 0);
        for (int i = 0; i < 3; ++i) add(fmt::format("Practitioner/dr{}", i), "", fmt::format(R"("name":[{{"family":"{}"}}])", family()), 0);
        for (int i = 0; i < 7; ++i) {
            add(fmt::format("Patient/p{}", i), fmt::format("Patient/p{}", i),
                fmt::format(R"("identifier":[{{"system":"urn:mrn","value":"{}"}}],"name":[{{"family":"{}","given":["{}"]}}],"birthDate":"19{}-0{}-1{}","gender":"{}")", i,
                            family(), family(), 50 + below(3), 1 + below(3), below(3), below(2) == 0 ? "male" : "female"));
        }
        for (int i = 0; i < 8; ++i) {
            const std::string patient = any("Patient");
            add(fmt::format("Encounter/e{}", i), patient,
                fmt::format(R"("status":"{}","class":{{"code":"AMB"}},"subject":{{"reference":"{}"}},"period":{{"start":"2026-0{}-01"}},"serviceProvider":{{"reference":"{}"}})",
                            below(2) == 0 ? "finished" : "planned", patient, 1 + below(4), any("Organization")));
        }
        for (int i = 0; i < 30; ++i) observation(i);
        for (int i = 0; i < 8; ++i) {
            const std::string patient = any("Patient");
            add(fmt::format("DiagnosticReport/r{}", i), patient,
                fmt::format(R"("status":"final","code":{{"coding":[{{"system":"urn:c","code":"{}"}}]}},"subject":{{"reference":"{}"}},"result":[{{"reference":"{}"}},{{"reference":"{}"}}])",
                            code(), patient, any("Observation"), any("Observation")));
        }
        for (int i = 0; i < 4; ++i) {
            const std::string patient = any("Patient");
            add(fmt::format("Composition/c{}", i), patient,
                fmt::format(R"("status":"final","type":{{"text":"x"}},"date":"2026-03-01","title":"x","subject":{{"reference":"{}"}},"author":[{{"reference":"{}"}}],)"
                            R"("section":[{{"title":"a","entry":[{{"reference":"{}"}},{{"reference":"{}"}},{{"reference":"{}"}}]}}])",
                            patient, any("Practitioner"), any("Observation"), any("DiagnosticReport"), any("Encounter")));
        }
        for (int i = 0; i < 4; ++i) {
            const std::string patient = below(2) == 0 ? any("Patient") : "";
            add(fmt::format("List/l{}", i), patient,
                fmt::format(R"("status":"current","mode":"working",{}"entry":[{{"item":{{"reference":"{}"}}}},{{"item":{{"reference":"{}"}}}}])",
                            patient.empty() ? "" : fmt::format(R"("subject":{{"reference":"{}"}},)", patient), any("Observation"), any("Observation")));
        }
        for (int i = 0; i < 5; ++i) add(fmt::format("Basic/b{}", i), "", fmt::format(R"("code":{{"text":"{}"}})", family()));
        changes();
        rights();
        return std::move(world_);
    }

    ReadFilter filter() {
        ReadFilter out = standing(some({101, 102, 103, 104, 105}), some({1, 2, 3}));
        if (below(3) == 0) out.labels = label_bit("PSY") | (below(2) == 0 ? label_bit("HIV") : 0);
        return out;
    }
    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    std::string family() { return std::vector<std::string>{"Wang", "Li", "Zhang", "Chen"}[below(4)]; }
    std::string code() { return std::vector<std::string>{"a", "b", "c"}[below(3)]; }

private:
    std::vector<std::int64_t> some(std::vector<std::int64_t> of) {
        std::erase_if(of, [&](std::int64_t) { return below(5) < 3; });
        return of;
    }
    std::string any(const std::string& type) {
        Names of;
        for (const Item& one : world_.items) {
            if (type_of(one.reference) == type) of.push_back(one.reference);
        }
        return of.empty() ? type + "/none" : of[below(of.size())];
    }
    std::int64_t some_labels() {
        if (below(4) != 0) return 0;
        return label_bit(std::vector<std::string>{"PSY", "HIV", "EMP"}[below(3)]);
    }
    static std::string body(const std::string& reference, std::int64_t labels, const std::string& members) {
        std::string security;
        for (const std::string_view one : codes_of(labels)) security += fmt::format(R"({}{{"system":"{}","code":"{}"}})", security.empty() ? "" : ",", kSensitivitySystem, one);
        return fmt::format(R"({{"resourceType":"{}","id":"{}",{}{}}})", type_of(reference), id_of(reference),
                           security.empty() ? "" : fmt::format(R"("meta":{{"security":[{}]}},)", security), members);
    }
    void add(const std::string& reference, const std::string& patient, const std::string& members, std::optional<std::int64_t> organisation = std::nullopt) {
        const std::int64_t labels = organisation ? 0 : some_labels();
        Item item{reference, {}, 0};
        item.versions.push_back({organisation ? *organisation : static_cast<std::int64_t>(1 + below(3)), patient, labels, false, body(reference, labels, members)});
        world_.items.push_back(std::move(item));
    }
    std::string observed(const std::string& patient) {
        return fmt::format(
            R"("status":"{}","code":{{"coding":[{{"system":"urn:c","code":"{}"}}]}},"subject":{{"reference":"{}"}},"encounter":{{"reference":"{}"}},)"
            R"("performer":[{{"reference":"{}"}}],"hasMember":[{{"reference":"{}"}}],"effectiveDateTime":"2026-0{}-0{}","valueQuantity":{{"value":{},"system":"http://unitsofmeasure.org","code":"mm"}})",
            below(2) == 0 ? "final" : "amended", code(), patient, any("Encounter"), any("Practitioner"), any("Observation"), 1 + below(4), 1 + below(9), below(20));
    }
    void observation(int i) {
        const std::string patient = any("Patient");
        add(fmt::format("Observation/o{}", i), patient, observed(patient));
    }
    /// Patients are corrected, labels come and go, some are deleted: the past stays closed.
    void changes() {
        for (Item& item : world_.items) {
            if (type_of(item.reference) != "Observation") continue;
            if (below(3) == 0) {
                Made next = item.now();
                if (below(2) == 0) next.patient = any("Patient");
                next.labels = some_labels();
                next.text = body(item.reference, next.labels, observed(next.patient));
                item.versions.push_back(std::move(next));
            }
            if (below(8) == 0) {
                Made gone = item.now();
                gone.deleted = true;
                item.versions.push_back(std::move(gone));
            }
            if (below(12) == 0) item.added = label_bit("HIV");
        }
    }
    Opens some_opens() {
        Opens out;
        if (below(3) == 0) out.labels = label_bit("PSY") | label_bit("EMP");
        if (below(2) == 0) out.by_right = ~personal_labels();
        out.beats_denial = below(4) == 0;
        return out;
    }
    Right some_right(const std::string& about) {
        Right right{about, static_cast<std::int64_t>(101 + below(5)), -2, 2, some_opens()};
        if (below(6) == 0) right.ends_h = -1;
        if (below(8) == 0) right.starts_h = 1;
        return right;
    }
    void rights() {
        for (int i = 0; i < 14; ++i) world_.patient_rights.push_back(some_right(any("Patient")));
        for (int i = 0; i < 10; ++i) {
            world_.item_rights.push_back(some_right(any(std::vector<std::string>{"Observation", "DiagnosticReport", "Patient", "Composition", "Basic", "Encounter"}[below(6)])));
        }
        for (int i = 0; i < 4; ++i) world_.denials.push_back({any("Patient"), static_cast<std::int64_t>(101 + below(5))});
    }

    std::mt19937_64& random_;
    World world_;
};

/// A record of a world, or of the part of it that one filter lets through as it is now.
void fill(Service& service, const World& world, const ReadFilter* only) {
    const auto write = [&](const Item& item, const Made& version) {
        auto work = service.record->begin(ReadFilter::system("test"), actor_of(1, version.organisation));
        if (version.deleted)
            work->remove(type_of(item.reference), id_of(item.reference));
        else
            work->update_text(type_of(item.reference), id_of(item.reference), version.text);
        work->commit();
    };
    const auto holds = [&](std::string_view reference) { return only == nullptr || is_allowed(world, *only, reference); };
    for (const Item& item : world.items) {
        if (holds(item.reference)) write(item, only == nullptr ? item.versions.front() : item.now());
    }
    for (const Item& item : world.items) {
        for (std::size_t i = 1; only == nullptr && i < item.versions.size(); ++i) write(item, item.versions[i]);
    }
    auto work = service.begin();
    work->also([&](storage::Group& group, const Work::RidOf&) {
        const auto now = service.clock.now();
        // A patient who may not be seen is there only as one that others refer to; the rights to them are still there.
        const auto rid_or_none = [&](const std::string& reference) -> Rid {
            const StoredId key(id_of(reference));
            auto rows = group.connection().query("SELECT rid FROM res WHERE type = ? AND id = ?",
                                                 {std::int64_t{number_of(find_type(type_of(reference)))}, storage::Blob{key.bytes()}});
            return rows.next() ? rows.integer(0) : 0;
        };
        for (const bool whole : {true, false}) {
            int source = 0;
            for (const Right& right : whole ? world.patient_rights : world.item_rights) {
                const Rid rid = rid_or_none(right.about);
                ++source;
                if (rid == 0) continue;
                const auto starts = now + std::chrono::hours(right.starts_h);
                const auto ends = now + std::chrono::hours(right.ends_h);
                if (whole)
                    service.record->reach_patient(group, rid, right.grantee, fmt::format("s{}", source), starts, ends, right.opens);
                else
                    service.record->reach_item(group, rid, right.grantee, fmt::format("s{}", source), starts, ends, right.opens);
            }
        }
        for (const Denial& one : world.denials) {
            if (const Rid rid = rid_or_none(one.patient); rid != 0) service.record->deny_reach(group, rid, one.grantee, true);
        }
        for (const Item& item : world.items) {
            const Rid rid = item.added == 0 ? 0 : rid_or_none(item.reference);
            if (rid != 0) service.record->set_added_labels(group, rid, item.added);
        }
    });
    work->commit();
}

/// What an answer shows: status, total, and the resources in order ("Observation/o1", "+Patient/p1" when included).
struct Shown {
    int status = 0;
    std::string total;
    Names entries;
    bool operator==(const Shown&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Shown& shown) {
    out << shown.status << " total " << shown.total << ":";
    for (const std::string& one : shown.entries) out << ' ' << one;
    return out;
}

Shown shown_by(const http::Response& response, bool ordered) {
    Shown out{response.status, {}, {}};
    const auto body = json::parse(response.body);
    if (!body || response.status >= 300) return out;
    out.total = (*body)["total"].text();
    for (const Value& entry : (*body)["entry"].items()) {
        const Value& resource = entry["resource"];
        if (resource["resourceType"].text() == "OperationOutcome") continue;
        out.entries.push_back((entry["search"]["mode"].text() == "include" ? "+" : "") + resource["resourceType"].text() + "/" + resource["id"].text());
    }
    if (!ordered) std::sort(out.entries.begin(), out.entries.end());
    return out;
}

/// Every path that reads many resources, with values from the small pools of the maker. True = the order is the caller's own and is compared.
std::vector<std::pair<std::string, bool>> questions(Maker& maker) {
    std::vector<std::pair<std::string, bool>> out;
    const auto ask = [&](const std::string& query, bool ordered = false) { out.emplace_back("/fhir/" + query, ordered); };
    const auto patient = [&] { return fmt::format("Patient/p{}", maker.below(7)); };
    for (const char* type : {"Patient", "Observation", "Encounter", "DiagnosticReport", "Composition", "List", "Basic", "Practitioner", "Organization"}) {
        ask(std::string(type) + "?_count=1000&_total=accurate");
        ask(std::string(type) + "?_summary=count");
        ask(std::string(type) + "?_sort=_id&_count=3&_total=accurate", true);
    }
    for (int i = 0; i < 3; ++i) {
        const std::string name = maker.family(), code = maker.code(), who = patient();
        for (const std::string& query : std::vector<std::string>{
                 "code=urn:c|" + code, "code:not=urn:c|" + code, "status=final&code=" + code, "subject=" + who, "patient=" + who + "&code=urn:c|" + code,
                 "subject:missing=false", "date=ge2026-02", "date=2026-02&code=" + code, "value-quantity=gt10||mm", "combo-code-value-quantity=urn:c|" + code + "$gt10",
                 "subject:Patient.family=" + name, "patient.identifier=urn:mrn|3", "patient.gender=male", "encounter.status=finished",
                 "encounter.subject:Patient.family=" + name, "performer:Practitioner.name=" + name, "has-member.code=urn:c|" + code, "has-member.subject:Patient.family=" + name,
                 "_has:DiagnosticReport:result:code=urn:c|" + code, "_has:Observation:has-member:code=urn:c|" + code,
                 "_has:DiagnosticReport:result:patient.family=" + name, fmt::format("_list=l{}", maker.below(4))}) {
            ask("Observation?" + query + "&_count=1000&_total=accurate");
            ask("Observation?" + query + "&_summary=count");
        }
        for (const std::string& query :
             std::vector<std::string>{"family=" + name, "family:exact=" + name, "name:contains=a", "birthdate=lt1952", "identifier=urn:mrn|2", "gender=male",
                                      "_has:Observation:patient:code=urn:c|" + code, "_has:Observation:patient:encounter.status=finished",
                                      "_has:Encounter:patient:_has:Observation:encounter:code=urn:c|" + code, "_has:DiagnosticReport:subject:result.code=urn:c|" + code,
                                      "_id=p1,p2,p3"}) {
            ask("Patient?" + query + "&_count=1000&_total=accurate");
            ask("Patient?" + query + "&_sort=family,-birthdate,_id&_count=2", true);
        }
        ask("DiagnosticReport?result.patient.family=" + name + "&_count=1000");
        ask("DiagnosticReport?result.encounter.status=finished&_count=1000");
        ask("Encounter?_has:Observation:encounter:value-quantity=gt5||mm&_count=1000");
        ask("Observation?code=" + code + "&_include=Observation:subject&_include=Observation:encounter&_count=1000");
        ask("Observation?code=" + code + "&_include=*&_count=1000");
        ask("Patient?family=" + name + "&_revinclude=Observation:subject&_revinclude=Encounter:patient&_count=1000");
        ask("DiagnosticReport?_include=DiagnosticReport:result&_include:iterate=Observation:has-member&_include:iterate=Observation:subject&_count=1000");
        ask("Encounter?_revinclude=Observation:encounter&_revinclude:iterate=DiagnosticReport:result&_count=1000");
        for (const char* keys : {"date,_id", "-date,_id", "value-quantity,_id", "-value-quantity,_id"}) ask(fmt::format("Observation?_sort={}&_count=7", keys), true);
        ask(who + "/Observation?_count=1000&_total=accurate");
        ask(who + "/*?_count=1000&_total=accurate");
        ask(who + "/$everything?_count=1000");
        ask(who + "/$everything?_type=Observation,Encounter&start=2026-02-01&_count=1000");
        ask("Observation/$lastn?subject=" + who + "&code=urn:c|a,urn:c|b,urn:c|c&max=2");
        ask(fmt::format("Composition/c{}/$document", maker.below(4)));
        ask(fmt::format("Encounter/e{}/$everything?_count=1000", maker.below(8)));
        ask("?_type=Patient,Observation,Encounter&_id=p1,o1,o2,e1&_count=1000");
    }
    return out;
}

class FilterOracle : public ::testing::Test {
protected:
    /// Nothing that is shown may be hidden.
    void require_allowed(const World& world, const ReadFilter& filter, const std::string& what, const Shown& shown) {
        for (const std::string& one : shown.entries) {
            const std::string reference = one.starts_with('+') ? one.substr(1) : one;
            EXPECT_TRUE(is_allowed(world, filter, reference)) << what << " shows " << reference;
        }
    }

    static Shown ask(const Service& service, const std::string& query, bool ordered, std::string_view as = "asks") {
        return shown_by(service.get(query, as), ordered);
    }

    void require_histories(const Service& service, const World& world, const ReadFilter& filter) {
        int shown = 0;
        for (const std::string& path : {std::string("/fhir/_history"), std::string("/fhir/Observation/_history"), std::string("/fhir/Patient/_history")}) {
            const Value bundle = service.get_json(path + "?_count=1000", "asks");
            for (const Value& entry : bundle["entry"].items()) {
                const std::string url = entry["fullUrl"].text();
                const std::string reference = url.substr(url.find("/fhir/") + 6);
                const std::string etag = entry["response"]["etag"].text();
                require_version(world, filter, reference, std::stoul(etag.substr(3)), path);
                ++shown;
            }
        }
        EXPECT_GT(shown, 0);
        for (const Item& item : world.items) {
            const bool seen = is_allowed(world, filter, item, item.now());
            const std::string path = "/fhir/" + item.reference;
            EXPECT_EQ(service.get(path, "asks").status, !seen ? 404 : item.now().deleted ? 410 : 200) << path;
            for (std::size_t i = 0; i < item.versions.size(); ++i) {
                const bool open = seen && is_allowed(world, filter, item, item.versions[i]);
                const auto version = service.get(path + "/_history/" + std::to_string(i + 1), "asks");
                EXPECT_EQ(version.status, !open ? 404 : item.versions[i].deleted ? 410 : 200) << path << " " << i + 1;
            }
            EXPECT_EQ(service.get(path + "/_history", "asks").status, seen ? 200 : 404) << path;
        }
    }

    void require_version(const World& world, const ReadFilter& filter, const std::string& reference, std::size_t version, const std::string& where) {
        const Item* item = world.find(reference);
        ASSERT_NE(item, nullptr) << reference;
        ASSERT_LE(version, item->versions.size()) << reference;
        EXPECT_TRUE(is_allowed(world, filter, *item, item->versions[version - 1])) << where << " shows " << reference << " version " << version;
        EXPECT_TRUE(is_allowed(world, filter, *item, item->now())) << where << " shows a past of " << reference;
    }

    /// Conditions that find nothing, one or several: a failed test of a JSON Patch, so that nothing is written.
    static std::vector<int> conditions(const Service& service) {
        std::vector<int> out;
        for (const char* criteria : {"Patient?identifier=urn:mrn|1", "Patient?identifier=urn:mrn|4", "Patient?family=Wang", "Patient?family=Li&gender=male", "Observation?code=urn:c|a&status=final",
                                     "Observation?patient.family=Chen", "Basic?_id=b1", "Encounter?_has:Observation:encounter:code=urn:c|b", "List?item=Observation/o3"}) {
            const std::string url = std::string("/fhir/") + criteria;
            const char* patch = R"([{"op":"test","path":"/resourceType","value":"nothing"}])";
            out.push_back(service.send(Method::patch, url, patch, {{"x-test-caller", "asks"}, {"content-type", "application/json-patch+json"}}).status);
            const auto bundle = service.send(Method::post, "/fhir",
                                             fmt::format(R"({{"resourceType":"Bundle","type":"batch","entry":[{{"request":{{"method":"GET","url":"{}&_total=accurate"}}}}]}})", criteria),
                                             {{"x-test-caller", "asks"}});
            const auto body = json::parse(bundle.body);
            out.push_back(static_cast<int>((*body)["entry"].at(0)["resource"]["total"].integer().value_or(-1)));
        }
        const auto match = service.send(Method::post, "/fhir/Patient/$match",
                                        R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","name":[{"family":"Wang","given":["Li"]}],"birthDate":"1950-01-10"}}]})",
                                        {{"x-test-caller", "asks"}});
        out.push_back(match.status);
        const auto body = json::parse(match.body);
        out.push_back(static_cast<int>((*body)["entry"].size()));
        return out;
    }
};

TEST_F(FilterOracle, what_a_caller_reads_is_what_the_filter_lets_through_as_if_nothing_else_were_there) {
    const char* given = std::getenv("QIAO_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "QIAO_SEED=" << seed << std::endl;
    std::mt19937_64 random(seed);
    std::size_t asked = 0, found = 0, matters = 0;
    for (int round = 0; round < (qiao::testing::on_postgres() ? 2 : 3); ++round) {
        Maker maker(random);
        const World world = maker.world();
        Service whole;
        fill(whole, world, nullptr);
        for (int who = 0; who < 3; ++who) {
            Caller caller;
            caller.filter = maker.filter();
            caller.actor = actor_of(20 + who, 0);
            caller.may_write_plain = true;
            whole.others["asks"] = caller;
            Service part;
            part.others["asks"] = caller;
            fill(part, world, &caller.filter);
            SCOPED_TRACE(fmt::format("round {}, caller {}: grantees {}, organisations {}, labels {}", round, who, fmt::join(caller.filter.grantees, ","),
                                     fmt::join(caller.filter.organisations, ","), caller.filter.labels));
            for (const auto& [query, ordered] : questions(maker)) {
                const Shown answer = ask(whole, query, ordered);
                require_allowed(world, caller.filter, query, answer);
                EXPECT_EQ(answer, ask(part, query, ordered)) << query << " tells of what is hidden, or hides what is not";
                EXPECT_NE(answer.status, 400) << query;
                ++asked;
                found += answer.entries.size();
                if (who == 0) matters += ask(whole, query, ordered, "all") == answer ? 0U : 1U;
            }
            EXPECT_EQ(conditions(whole), conditions(part));
            require_histories(whole, world, caller.filter);
            if (HasFailure()) return;
        }
    }
    std::cout << asked << " questions, " << found << " resources shown, the filter changed " << matters << " of " << asked / 3 << " answers" << std::endl;
    EXPECT_GT(found, asked / 4) << "the questions find next to nothing";
    EXPECT_GT(matters, asked / 3 / 2) << "the filter hides next to nothing";
}

}  // namespace
}  // namespace qiao::record::testing
