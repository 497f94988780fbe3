#include "base/error.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/operations/operations.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/writes.hpp"
#include "record/terminology/record_shelf.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/verdict.hpp"

#include <algorithm>
#include <array>

/// `$validate` on a type and on an instance (R4: resource-operation-validate.html). The verdict is the answer: 200 whatever it
/// says. A hidden instance is 404; with a mode that writes, what the rules of the record refuse is refused here in the same words.
namespace qiao::record {
namespace {

constexpr std::array<std::string_view, 3> kParameters = {"mode", "profile", "resource"};
constexpr std::array<std::string_view, 4> kModes = {"create", "update", "delete", "profile"};

/// The text to look at: the `resource` of a Parameters body, or the body itself; nothing when there is none.
std::optional<std::string_view> sent_text(const http::Request& request, std::optional<Input>& input) {
    const bool has_body = request.method == http::Method::post && !trim(request.body).empty();
    if (has_body) check_json_body(request);
    const auto parsed = has_body ? parse_resource(request.body) : Result<ParsedResource>(ParseError{});
    // A Parameters resource can only be checked inside another one, as the specification has it.
    if (!has_body || (parsed && parsed->type() == TypeId::Parameters)) {
        input.emplace(request, kParameters);
        return input->raw("resource", "resource");
    }
    http::Request without_body = request;
    without_body.body.clear();
    input.emplace(without_body, kParameters);
    return request.body;
}

http::Response answer(Record& record, const Clock& clock, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const std::string type(request.param("type"));
    std::optional<Stored> existing;
    if (!id.empty()) {
        existing = record.read(caller.filter)->get(type + "/" + std::string(id));
        tell_shown(record, caller, {{*existing, false}});
    }
    std::optional<Input> input;
    auto text = sent_text(request, input);
    const std::string_view mode = input->text("mode");
    if (!mode.empty() && std::find(kModes.begin(), kModes.end(), mode) == kModes.end()) {
        throw_bad_parameter("mode", "is create, update, delete or profile");
    }
    if ((mode == "delete" || mode == "update") && !existing) throw_bad_parameter("mode", "needs an instance: Type/id/$validate");
    if (!mode.empty() && mode != "profile") {
        check_may_write(record, caller, type);
        if (existing && record.ports().keeps_closed) record.ports().keeps_closed(record.read(caller.filter)->connection(), existing->reference(), {});
    }
    if (mode == "delete") return document(request, verdict_text({}));
    if (!text && existing) text = existing->json;
    if (!text) throw Error(ErrorKind::invalid, "record.nothing_to_validate", "a resource is needed, as the body or as the parameter \"resource\"");
    const auto reader = record.read(caller.filter);
    std::vector<Finding> findings = findings_of(*text, find_type(type), input->list("profile"), clock.now(), reader->definitions());
    if (const auto parsed = parse_resource(*text); mode == "update" && parsed && parsed->id() != existing->id) {
        findings.push_back({"error", {"value", type + ".id", "the id in the body must be the one in the URL"}});
    }
    return document(request, verdict_text(findings));
}

}  // namespace

void add_validate(Rest& rest, Record& record, const Clock& clock) {
    const Operation operation = [&record, &clock](const http::Request& request, const Caller& caller, std::string_view id) {
        return answer(record, clock, request, caller, id);
    };
    rest.add_operation(http::Method::post, kEveryType, "$validate", false, operation);
    rest.add_operation(http::Method::post, kEveryType, "$validate", true, operation);
    rest.add_operation(http::Method::get, kEveryType, "$validate", true, operation);
}

}  // namespace qiao::record
