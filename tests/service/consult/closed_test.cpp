#include "centre.hpp"

#include "access/role.hpp"

#include <fmt/format.h>

namespace qiao::consult::testing {
namespace {

using http::Method;
using json::Value;

/// What is signed takes nothing further from a program of another system, whichever way it writes.
class Closed : public Centre {
protected:
    Closed() {
        const auto made = sessions_->add_client("laboratory", access::role::kIntegration);
        http::Request request;
        request.peer_address = "127.0.0.1";
        tokens_["client"] = sessions_->client_token(made.id, made.secret, request)->token;
        const std::string id = signed_case();
        const Value seen = view("doctor", id);
        opinion_ = seen["opinion"]["resource"].text();
        form_ = seen["form_resource"].text();
        request_ = seen["request"].text();
    }
    Value message(const std::string& about) {
        return *json::parse(fmt::format(
            R"({{"resourceType":"Communication","status":"completed","subject":{{"reference":"{}"}},"about":[{{"reference":"{}"}}]}})", patient_, about));
    }
    Value bundle(const char* kind, const std::string& about) {
        return *json::parse(fmt::format(
            R"({{"resourceType":"Bundle","type":"{}","entry":[{{"fullUrl":"urn:uuid:0198aaaa-0000-7000-8000-00000000000a","resource":{},"request":{{"method":"POST","url":"Communication"}}}}]}})",
            kind, message(about).dump()));
    }
    Answer post(const Value& resource, std::vector<http::Header> headers = {}) {
        return call("client", Method::post, "/fhir/" + resource["resourceType"].text(), resource, std::move(headers));
    }
    static void refused(const Answer& answer) {
        EXPECT_EQ(answer.status, 409) << answer.raw;
        EXPECT_EQ(answer.code(), "signing.closed_to_children") << answer.raw;
    }
    std::string opinion_, form_, request_;
};

TEST_F(Closed, NoElementOfANewResourceMayPointToIt) {
    for (const std::string& about :
         {opinion_, form_, opinion_ + "/_history/1", "http://localhost/fhir/" + opinion_, "https://tele.example.org/fhir/" + form_}) {
        refused(post(message(about)));
    }
    refused(post(*json::parse(fmt::format(
        R"({{"resourceType":"Provenance","target":[{{"reference":"{}"}}],"recorded":"2026-11-21T08:00:00Z","agent":[{{"who":{{"display":"a system"}}}}]}})",
        opinion_))));
    refused(post(*json::parse(fmt::format(
        R"({{"resourceType":"DocumentReference","status":"current","content":[{{"attachment":{{"title":"x"}}}}],"context":{{"related":[{{"reference":"{}"}}]}}}})",
        opinion_))));
    refused(post(*json::parse(fmt::format(
        R"({{"resourceType":"Basic","code":{{"text":"x"}},"extension":[{{"url":"http://e.x/of","valueReference":{{"reference":"{}"}}}}]}})", form_))));
    refused(post(*json::parse(fmt::format(
        R"({{"resourceType":"List","status":"current","mode":"working","contained":[{{"resourceType":"Basic","id":"b","code":{{"text":"x"}},"subject":{{"reference":"{}"}}}}],"entry":[{{"item":{{"reference":"#b"}}}}]}})",
        opinion_))));
    const Answer order = post(message(request_));
    EXPECT_EQ(order.status, 201) << "what grows from the case refers to its request: " << order.raw;
}

TEST_F(Closed, EveryWayToWriteIsRefusedAndNothingIsKept) {
    const auto count = [&] { return get("client", "/fhir/Communication?subject=" + patient_ + "&_summary=count").body["total"].integer().value_or(-1); };
    const Answer free = post(message(request_));
    ASSERT_EQ(free.status, 201);
    const std::int64_t before = count();
    const std::string id = free.body["id"].text();
    Value changed = message(form_);
    changed.set("id", id);
    refused(call("client", Method::put, "/fhir/Communication/" + id, changed));
    changed.set("id", "new-one");
    refused(call("client", Method::put, "/fhir/Communication/new-one", changed));
    changed.remove("id");
    refused(call("client", Method::put, "/fhir/Communication?identifier=urn:x%7C1", changed));
    refused(call("client", Method::put, "/fhir/Communication?_id=" + id, changed));
    refused(post(message(form_), {{"if-none-exist", "identifier=urn:x|1"}}));
    refused(call("client", Method::post, "/fhir", bundle("transaction", opinion_)));
    refused(call("client", Method::post, "/fhir", bundle("transaction", "Composition?_id=" + opinion_.substr(opinion_.find('/') + 1))));
    const Answer batch = call("client", Method::post, "/fhir", bundle("batch", opinion_));
    EXPECT_TRUE(batch.body["entry"].at(0)["response"]["status"].text().starts_with("409")) << batch.raw;
    const Value patch = *json::parse(fmt::format(
        R"({{"resourceType":"Parameters","parameter":[{{"name":"operation","part":[{{"name":"type","valueCode":"replace"}},{{"name":"path","valueString":"Communication.about"}},{{"name":"value","valueReference":{{"reference":"{}"}}}}]}}]}})",
        opinion_));
    refused(call("client", Method::patch, "/fhir/Communication/" + id, patch));
    EXPECT_EQ(count(), before);
    const std::string provenance = get("client", "/fhir/Provenance?target=" + opinion_).body["entry"].at(0)["resource"]["id"].text();
    ASSERT_FALSE(provenance.empty());
    EXPECT_EQ(call("client", Method::del, "/fhir/Provenance/" + provenance).status, 409) << "the signature stays";
    EXPECT_EQ(call("client", Method::del, "/fhir/" + opinion_).code(), "signing.closed");
}

TEST_F(Closed, ASignatureThatComesMeanwhileClosesBeforeTheWriteIsDone) {
    const Answer free = post(*json::parse(R"({"resourceType":"Basic","code":{"text":"x"}})"));
    const std::string reference = "Basic/" + free.body["id"].text();
    const Answer child = post(*json::parse(fmt::format(R"({{"resourceType":"Basic","code":{{"text":"y"}},"subject":{{"reference":"{}"}}}})", reference)));
    ASSERT_EQ(child.status, 201) << child.raw;
    const auto work = record_->begin(record::ReadFilter::system("test"), record::Actor::system("HOPERAT"));
    work->plain();
    work->update_text("Basic", child.body["id"].text(), R"({"resourceType":"Basic","code":{"text":"z"}})");
    writer_->submit({{}, [&](storage::Group& group) {
                         group.connection().execute("INSERT INTO access_signed_item(type, resource_id, ver, signature) VALUES('Basic', ?, 1, 1)",
                                                    {free.body["id"].text()});
                     }});
    try {
        work->commit();
        ADD_FAILURE() << "what referred to it was taken away";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "signing.closed_to_children");
    }
}

}  // namespace
}  // namespace qiao::consult::testing
