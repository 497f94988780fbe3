#include "service.hpp"

namespace qiao::record::testing {
namespace {

std::string patient(const std::string& id, const std::string& family) {
    return R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":")" + family + R"("}]})";
}

/// "Patient/a:2 Observation/o:1x" (x = deleted), newest first.
std::string listed(const json::Value& bundle) {
    std::string out;
    for (const json::Value& entry : bundle["entry"].items()) {
        const std::string url = entry["fullUrl"].text();
        const std::string etag = entry["response"]["etag"].text();
        out += (out.empty() ? "" : " ") + url.substr(url.find("/fhir/") + 6) + ":" + etag.substr(3, etag.size() - 4);
        if (entry["request"]["method"].text() == "DELETE") {
            EXPECT_TRUE(entry["resource"].is_null());
            out += "x";
        }
    }
    return out;
}

std::string next_of(const json::Value& bundle) {
    const std::string url = bundle["link"].at(1)["url"].text();
    return url.empty() ? url : url.substr(std::string("http://fhir.example:8080").size());
}

struct Story : Service {
    Story() {
        send(Method::put, "/fhir/Patient/a", patient("a", "One"));
        send(Method::put, "/fhir/Patient/b", patient("b", "Other"));
        send(Method::put, "/fhir/Organization/o", R"({"resourceType":"Organization","id":"o","name":"House"})");
        send(Method::put, "/fhir/Patient/a", patient("a", "Two"));
        send(Method::del, "/fhir/Patient/b");
    }
};

TEST(History, of_a_resource_a_type_and_everything) {
    Story story;
    EXPECT_EQ(listed(story.get_json("/fhir/Patient/a/_history")), "Patient/a:2 Patient/a:1");
    EXPECT_EQ(listed(story.get_json("/fhir/Patient/_history")), "Patient/b:2x Patient/a:2 Patient/b:1 Patient/a:1");
    EXPECT_EQ(listed(story.get_json("/fhir/_history")), "Patient/b:2x Patient/a:2 Organization/o:1 Patient/b:1 Patient/a:1");
    EXPECT_EQ(story.get_json("/fhir/_history")["total"].text(), "5");
    EXPECT_EQ(story.get_json("/fhir/Encounter/_history")["total"].text(), "0");
    EXPECT_EQ(story.get_json("/fhir/Patient/_history")["entry"].at(3)["resource"]["name"].at(0)["family"].text(), "One");
    for (const char* bad : {"/fhir/Patient/_history?_since=never", "/fhir/Patient/_history?_at=2024-02-30", "/fhir/Patient/_history?_count=0",
                            "/fhir/Patient/_history?name=x", "/fhir/_history?_cursor=AAAA"}) {
        EXPECT_EQ(story.get(bad).status, 400) << bad;
    }
    EXPECT_EQ(story.get("/fhir/Nothing/_history").status, 404);
}

TEST(History, pages_do_not_repeat_or_lose_what_comes_meanwhile) {
    Story story;
    for (const std::string path : {"/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/a/_history"}) {
        const std::string whole = listed(story.get_json(path));
        std::string pieces;
        int pages = 0;
        for (std::string url = path + "?_count=1"; !url.empty() && pages < 20; ++pages) {
            const auto page = story.get_json(url);
            pieces += (pieces.empty() ? "" : " ") + listed(page);
            url = next_of(page);
            story.send(Method::put, "/fhir/Patient/a", patient("a", "Later"));
        }
        EXPECT_EQ(pieces, whole) << path;
    }
    const std::string next = next_of(story.get_json("/fhir/Patient/_history?_count=1"));
    EXPECT_EQ(story.get(next, "one").status, 403);
    std::string other = next;
    EXPECT_EQ(story.get(other.replace(other.find("Patient"), 7, "Encounter")).status, 400) << "a cursor fits one history";
}

TEST(History, since_and_at) {
    Service service;
    std::vector<std::string> times;
    const auto stamp = [&] {
        service.clock.advance(std::chrono::hours(1));
        times.push_back(format_instant(service.clock.now()));
        service.clock.advance(std::chrono::hours(1));
    };
    service.send(Method::put, "/fhir/Patient/a", patient("a", "One"));
    stamp();
    service.send(Method::put, "/fhir/Patient/a", patient("a", "Two"));
    stamp();
    service.send(Method::del, "/fhir/Patient/a");
    service.send(Method::put, "/fhir/Patient/b", patient("b", "Other"));
    stamp();
    const auto ask = [&](const std::string& query) { return listed(service.get_json("/fhir/Patient/_history?" + query)); };
    EXPECT_EQ(ask("_since=" + times[0]), "Patient/b:1 Patient/a:3x Patient/a:2");
    EXPECT_EQ(ask("_since=" + times[2]), "");
    EXPECT_EQ(ask("_at=" + times[0]), "Patient/a:1");
    EXPECT_EQ(ask("_at=" + times[1]), "Patient/a:2");
    EXPECT_EQ(ask("_at=" + times[2]), "Patient/b:1 Patient/a:3x");
    EXPECT_EQ(ask("_since=1999"), "Patient/b:1 Patient/a:3x Patient/a:2 Patient/a:1");
    EXPECT_EQ(service.get("/fhir/Patient/a/_history?_since=" + times[2]).status, 200);
}

/// The labels of a version and of what the resource is now must both be open: taking a label off does not open the past.
TEST(History, a_foreign_patient_and_a_label_of_the_past_stay_hidden) {
    Service service;
    const auto labelled = [](const std::string& family, bool label) {
        return R"({"resourceType":"Patient","id":"p",)" +
               std::string(label ? R"("meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},)" : "") +
               R"("name":[{"family":")" + family + R"("}]})";
    };
    service.send(Method::put, "/fhir/Patient/p", labelled("Hidden", true));
    auto grant = service.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        service.record->reach_patient(group, rid_of("Patient/p"), 101, "care", service.clock.now() - std::chrono::hours(1),
                                      service.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    for (const char* path : {"/fhir/_history", "/fhir/Patient/_history", "/fhir/_history?_at=2999", "/fhir/_history?_since=2000"}) {
        EXPECT_EQ(listed(service.get_json(path)).find("Patient/p:1"), 0U) << path;
        EXPECT_EQ(listed(service.get_json(path, "one")), "") << path;
        EXPECT_EQ(listed(service.get_json(path, "two")), "") << path;
    }
    service.send(Method::put, "/fhir/Patient/p", labelled("Open", false));
    EXPECT_EQ(listed(service.get_json("/fhir/_history")), "Patient/p:2 Patient/p:1");
    for (const char* path : {"/fhir/_history", "/fhir/Patient/_history", "/fhir/Patient/p/_history"})
        EXPECT_EQ(listed(service.get_json(path, "one")), "Patient/p:2") << path;
    EXPECT_EQ(listed(service.get_json("/fhir/_history", "two")), "");
    EXPECT_EQ(service.get("/fhir/Patient/p/_history", "two").status, 404);
    service.send(Method::put, "/fhir/Patient/p", labelled("Again", true));
    EXPECT_EQ(listed(service.get_json("/fhir/_history", "one")), "");
    service.send(Method::del, "/fhir/Patient/p");
    EXPECT_EQ(listed(service.get_json("/fhir/_history", "one")), "") << "what was deleted keeps its labels";
}

TEST(History, reads_by_condition_and_options) {
    Story story;
    const auto read = [&](std::vector<http::Header> headers) { return story.send(Method::get, "/fhir/Patient/a", {}, std::move(headers)).status; };
    EXPECT_EQ(read({{"if-none-match", "W/\"1\", W/\"2\""}}), 304);
    EXPECT_EQ(read({{"if-none-match", "\"2\""}}), 304);
    EXPECT_EQ(read({{"if-none-match", "W/\"1\""}}), 200);
    EXPECT_EQ(read({{"if-none-match", "*"}}), 304);
    const std::string modified = header(story.get("/fhir/Patient/a"), "Last-Modified");
    EXPECT_EQ(read({{"if-modified-since", modified}}), 304);
    EXPECT_EQ(read({{"if-modified-since", "Sat, 21 Nov 1998 08:30:00 GMT"}}), 200);
    EXPECT_EQ(read({{"if-modified-since", "yesterday"}}), 200);
    EXPECT_EQ(read({{"if-modified-since", modified}, {"if-none-match", "W/\"1\""}}), 200);
    for (const char* path : {"/fhir", "/fhir/Patient", "/fhir/Patient/a"}) {
        EXPECT_NE(story.send(Method::options, path).body.find("CapabilityStatement"), std::string::npos) << path;
    }
}

}  // namespace
}  // namespace qiao::record::testing
