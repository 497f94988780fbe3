#include "app/demo/client.hpp"

#include "base/error.hpp"
#include "base/id.hpp"

#include <fmt/format.h>

namespace qiao::app::demo {
namespace {

/// A field of a move as a part of Parameters, by the rule of docs/case-api.md.
void append_part(json::Value& parts, std::string_view name, const json::Value& value) {
    if (value.is_array()) {
        for (const json::Value& item : value.items()) append_part(parts, name, item);
        return;
    }
    json::Value& part = parts.push(json::Value::object({{"name", name}}));
    switch (value.kind()) {
        case json::Value::Kind::boolean: part.set("valueBoolean", value); break;
        case json::Value::Kind::number: part.set(value.integer() ? "valueInteger" : "valueDecimal", value); break;
        case json::Value::Kind::object: {
            json::Value inner = json::Value::array();
            for (const auto& [key, member] : value.members()) append_part(inner, key, member);
            part.set("part", std::move(inner));
            break;
        }
        default: part.set("valueString", value.text());
    }
}

json::Value parameter(std::string_view name, std::string_view type, std::string_view value) {
    return json::Value::object({{"name", name}, {std::string(type), value}});
}

json::Value parameters(json::Value list) { return json::Value::object({{"resourceType", "Parameters"}, {"parameter", std::move(list)}}); }

std::string body_of(const http::Response& response) {
    std::string text = response.body;
    for (const http::BodyPart& part : response.parts) {
        if (const auto* own = std::get_if<std::string>(&part)) text += *own;
        if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&part)) text += **shared;
    }
    return text;
}

}  // namespace

Client::Client(http::Router& router, access::Sessions& sessions, std::string_view login)
    : router_(router), sessions_(sessions), authorization_("Bearer " + sessions.issue_token(login, std::chrono::hours(1))) {}

http::Response Client::exchange(http::Request& request) {
    request.headers.emplace_back("authorization", authorization_);
    request.headers.emplace_back("host", "demo");
    request.peer_address = "127.0.0.1";
    const std::string name = request.path;
    http::Response response = router_.handle(request);
    if (response.status >= 300) throw Error(ErrorKind::internal, "demo.refused", fmt::format("{} answered {}: {}", name, response.status, body_of(response)));
    return response;
}

json::Value Client::send(http::Method method, std::string_view path, const json::Value& body, std::vector<http::Header> headers) {
    http::Request request{.method = method, .path = std::string(path), .target = std::string(path), .headers = std::move(headers)};
    if (const auto question = request.path.find('?'); question != std::string::npos) {
        request.query = request.path.substr(question + 1);
        request.path.resize(question);
    }
    if (!body.is_null()) {
        request.body = body.dump();
        request.headers.emplace_back("content-type", path.starts_with("/fhir") ? "application/fhir+json" : "application/json");
    }
    const http::Response response = exchange(request);
    auto answer = json::parse(body_of(response));
    return answer ? std::move(*answer) : json::Value();
}

void Client::step_up() { send(http::Method::post, "/access/step-up", json::Value::object({{"password", ""}})); }

std::string Client::create_case(std::string_view machine, std::string_view patient, const json::Value& input) {
    json::Value list = json::Value::array();
    list.push(parameter("machine", "valueCode", machine));
    list.push(parameter("create_id", "valueString", new_random_uuid()));
    list.push(json::Value::object({{"name", "patient"}, {"valueReference", json::Value::object({{"reference", patient}})}}));
    append_part(list, "input", input);
    const json::Value answer = send(http::Method::post, "/fhir/Task/$create", parameters(std::move(list)));
    for (const json::Value& item : answer["parameter"].items()) {
        if (item["name"].text() == "task") return item["resource"]["id"].text();
    }
    throw Error(ErrorKind::internal, "demo.refused", "$create named no task");
}

void Client::move(std::string_view case_id, std::string_view action, const json::Value& input, std::string_view reason) {
    const json::Value view = get(fmt::format("/flow/cases/{}", case_id));
    json::Value list = json::Value::array();
    list.push(parameter("action", "valueCode", action));
    list.push(parameter("move_id", "valueString", new_random_uuid()));
    if (!reason.empty()) list.push(parameter("reason", "valueString", reason));
    if (!input.is_null()) append_part(list, "input", input);
    send(http::Method::post, fmt::format("/fhir/Task/{}/$move", case_id), parameters(std::move(list)),
         {{"if-match", fmt::format("W/\"{}\"", view["version"].text())}});
}

std::int64_t Client::upload(std::string_view case_id, std::string_view kind, std::string_view title, std::string_view content_type, const std::string& bytes) {
    const json::Value opened = send(http::Method::post, fmt::format("/flow/cases/{}/uploads", case_id),
                                    json::Value::object({{"upload_id", new_random_uuid()},
                                                         {"kind", kind},
                                                         {"size_bytes", static_cast<std::int64_t>(bytes.size())},
                                                         {"content_type", content_type},
                                                         {"title", title}}));
    http::Request request{.method = http::Method::patch, .path = fmt::format("/flow/cases/{}/uploads/{}", case_id, opened["upload"].text())};
    request.target = request.path;
    request.headers = {{"upload-offset", "0"}, {"content-type", "application/offset+octet-stream"}};
    request.body = bytes;
    const auto answer = json::parse(body_of(exchange(request)));
    if (!answer) throw Error(ErrorKind::internal, "demo.refused", "the upload named no attachment");
    return (*answer)["attachment"]["n"].integer().value_or(0);
}

record::Caller Client::caller() {
    http::Request request;
    request.headers = {{"authorization", authorization_}};
    request.peer_address = "127.0.0.1";
    return sessions_.caller(request);
}

}  // namespace qiao::app::demo
