#include "record/feed/subscription_operations.hpp"
#include "record/feed/subscriptions.hpp"
#include "world.hpp"

#include <iostream>
#include <set>

/// What a caller reads is what the filter lets through, and is told as if nothing else were there, in random worlds (world.hpp) and for
/// random callers. (1) Every resource and version that any path shows is allowed by the naive filter. (2) Each caller gets the same answer from a second record that holds only what they may see: so
/// totals, orders, chains and conditions tell nothing of the rest either. QIAO_SEED repeats a run.
namespace qiao::record::testing {
namespace {

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
    std::mt19937_64 random = announced_random();
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

/// The events of a subscription to everything of a type: its owner sees those of resources that were open to the owner then and are now.
class EventsOracle : public ::testing::Test {
protected:
    SubscriptionPorts ports() {
        SubscriptionPorts out;
        out.send = [](const HookRequest&) { return HookAnswer{200, {}}; };
        out.check_endpoint = [](const std::string&) {};
        out.filter_of = [this](const std::string&) -> std::optional<ReadFilter> {
            const std::lock_guard lock(mutex);
            return caller.filter;
        };
        out.name_of = [](const std::string& owner) { return owner; };
        out.is_operator = [](const Actor&) { return false; };
        return out;
    }
    std::string subscribe(const std::string& criteria) {
        const auto made = service.send(Method::post, "/fhir/Subscription",
                                       R"({"resourceType":"Subscription","status":"requested","reason":"test","criteria":")" + criteria + R"(","channel":{"type":"rest-hook","endpoint":"https://h.example/hook"}})",
                                       {{"x-test-caller", "asks"}});
        EXPECT_EQ(made.status, 201) << made.body;
        return (*json::parse(made.body))["id"].text();
    }
    void caller_is(const ReadFilter& filter) {
        const std::lock_guard lock(mutex);
        caller.filter = filter;
        service.others["asks"] = caller;
    }
    /// Each of them is written once more.
    void touch(const World& world) {
        for (const Item& item : world.items) {
            if (item.now().deleted) continue;
            auto work = service.record->begin(ReadFilter::system("test"), actor_of(1, item.now().organisation));
            work->update_text(type_of(item.reference), id_of(item.reference), item.now().text);
            work->commit();
        }
    }
    static std::set<std::string> allowed(const World& world, const ReadFilter& filter, std::string_view type) {
        std::set<std::string> references;
        for (const Item& item : world.items) {
            if (type_of(item.reference) == type && is_allowed(world, filter, item.reference)) references.insert(item.reference);
        }
        return references;
    }
    /// What `$events` names, each resource once.
    std::set<std::string> named(const std::string& id) {
        std::set<std::string> references;
        const Value bundle = service.get_json("/fhir/Subscription/" + id + "/$events?content=id-only", "asks");
        for (const Value& parameter : bundle["entry"].at(0)["resource"]["parameter"].items()) {
            if (parameter["name"].text() != "notification-event") continue;
            for (const Value& part : parameter["part"].items()) {
                const std::string focus = part["valueReference"]["reference"].text();
                if (part["name"].text() == "focus") references.insert(focus.substr(focus.find("/fhir/") + 6));
            }
        }
        return references;
    }

    std::mutex mutex;
    Caller caller;
    Service service;
    Subscriptions subscriptions{{*service.record, *service.database, *service.writer, service.clock, service.metrics, ports(), [] { return std::string("http://fhir.example/fhir"); }}};
};

TEST_F(EventsOracle, events_name_what_the_owner_might_see_then_and_may_see_now) {
    std::mt19937_64 random = announced_random();
    Maker maker(random);
    const World world = maker.world();
    caller.actor = actor_of(20, 1);
    caller.may_write_plain = true;
    const ReadFilter then = standing({101, 102, 103, 104}, {1, 2});
    caller_is(then);
    fill(service, world, nullptr);
    add_subscription_operations(*service.rest, subscriptions);
    subscriptions.start();
    std::map<std::string, std::string> ids;
    for (const char* type : {"Patient", "Observation", "Encounter", "Basic"}) ids[type] = subscribe(std::string(type) + "?");
    const auto are_active = [&] {
        return std::all_of(ids.begin(), ids.end(), [&](const auto& one) { return service.get_json("/fhir/Subscription/" + one.second, "asks")["status"].text() == "active"; });
    };
    for (int look = 0; look < 400 && !are_active(); ++look) std::this_thread::sleep_for(std::chrono::milliseconds(25));
    ASSERT_TRUE(are_active());
    touch(world);
    std::size_t shown = 0, hidden = 0;
    for (const auto& [type, id] : ids) {
        caller_is(then);
        const auto wanted_then = allowed(world, then, type);
        for (int look = 0; look < 400 && named(id) != wanted_then; ++look) std::this_thread::sleep_for(std::chrono::milliseconds(25));
        EXPECT_EQ(named(id), wanted_then) << type;
        for (int round = 0; round < 8; ++round) {
            ReadFilter filter = maker.filter();
            if (filter.organisations.empty() || filter.organisations.front() != 1) filter.organisations.insert(filter.organisations.begin(), 1);  // reads the subscription
            caller_is(filter);
            std::set<std::string> wanted = allowed(world, filter, type);
            std::erase_if(wanted, [&](const std::string& one) { return !wanted_then.contains(one); });
            EXPECT_EQ(named(id), wanted) << type << ", grantees " << fmt::format("{}", fmt::join(filter.grantees, ","));
            shown += wanted.size();
            hidden += wanted_then.size() - wanted.size();
        }
    }
    subscriptions.stop();
    EXPECT_GT(shown, 0U);
    EXPECT_GT(hidden, 0U);
}

}  // namespace
}  // namespace qiao::record::testing
