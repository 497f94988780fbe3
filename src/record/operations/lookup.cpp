#include "base/error.hpp"
#include "base/text.hpp"
#include "record/operations/operations.hpp"
#include "record/operations/terminology_input.hpp"
#include "record/rest/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

/// `CodeSystem/$lookup`, `$validate-code` and `$subsumes` (R4: codesystem-operation-lookup.html and its neighbours).
namespace qiao::record {
namespace {

using terminology::CodeSystem;
using terminology::Concept;

constexpr std::array<std::string_view, 6> kLookup = {"code", "system", "version", "coding", "displayLanguage", "property"};
constexpr std::array<std::string_view, 9> kValidate = {"url",    "codeSystem",      "code",     "version",        "display",
                                                       "coding", "codeableConcept", "abstract", "displayLanguage"};
constexpr std::array<std::string_view, 6> kSubsumes = {"codeA", "codeB", "system", "version", "codingA", "codingB"};
constexpr std::size_t kChildren = 1'000;

std::string cannot_say(const CodeSystem& system, std::string_view code) {
    return system.is_grammar() ? fmt::format("\"{}\" follows the grammar of {}, but not all of its units are known here", code, system.url())
                               : fmt::format("whether \"{}\" is a code of {} cannot be said: not all of its codes are known here", code, system.url());
}

/// The concept; nullptr for a code of a grammar. Error(not_found, "terminology.unknown_code").
const Concept* known_concept(const CodeSystem& system, std::string_view code) {
    const auto has = system.has(code);
    if (has == true) return system.find(code);
    const std::string why = has ? fmt::format("\"{}\" is no code of {}", code, system.url()) : cannot_say(system, code);
    throw Error(ErrorKind::not_found, "terminology.unknown_code", why, {{"not-found", "", why}});
}

json::Value property_part(std::string_view code, std::string_view type, json::Value value) {
    json::Value one = json::Value::object({{"name", "property"}});
    one.set("part", json::Value::array({part_of("code", "valueCode", std::string(code)), part_of("value", type, std::move(value))}));
    return one;
}

/// Everything about a concept that the caller asked for; without a list, all.
class Facts {
public:
    Facts(const CodeSystem& system, const Concept& one, const Input& input) : system_(system), one_(one) {
        for (const auto& [name, value] : input.values()) {
            if (name == "property") wanted_.emplace_back(value);
        }
        const auto extra = json::parse(one.extra.empty() ? "{}" : one.extra);
        if (extra) extra_ = *extra;
    }

    json::Value designations() const { return wants("designation") ? extra_["designation"] : json::Value::array(); }
    std::string definition() const { return wants("definition") ? extra_["definition"].text() : std::string(); }

    std::vector<json::Value> properties() const {
        std::vector<json::Value> out;
        if (wants("inactive")) out.push_back(property_part("inactive", "valueBoolean", one_.is_inactive));
        if (wants("notSelectable") && one_.is_abstract) out.push_back(property_part("notSelectable", "valueBoolean", true));
        if (wants("parent")) {
            for (const Concept* parent : system_.parents_of(one_)) out.push_back(property_part("parent", "valueCode", std::string(parent->code)));
        }
        if (wants("child")) add_children(out);
        for (const json::Value& row : extra_["property"].items()) {
            const std::string& code = row["code"].text();
            if (!wants(code) || code == "parent" || code == "child" || code == "inactive" || code == "notSelectable") continue;
            for (const auto& [name, value] : row.members()) {
                if (name.starts_with("value")) out.push_back(property_part(code, name, value));
            }
        }
        return out;
    }

private:
    [[nodiscard]] bool wants(std::string_view name) const { return wanted_.empty() || std::ranges::find(wanted_, name) != wanted_.end(); }

    void add_children(std::vector<json::Value>& out) const {
        std::size_t count = 0;
        for (const Concept& other : system_.concepts()) {
            if (!system_.is_child(other, one_) || ++count > kChildren) continue;
            out.push_back(property_part("child", "valueCode", std::string(other.code)));
        }
    }

    const CodeSystem& system_;
    const Concept& one_;
    std::vector<std::string> wanted_;
    json::Value extra_;
};

http::Response look_up(Record& record, const http::Request& request, const Caller& caller) {
    check_acceptable(request);
    const Input input(request, kLookup);
    const Coded coded = codes_from(input).front();
    if (coded.system.empty()) throw_bad_parameter("system", "is needed");
    const auto reader = record.read(caller.filter);
    const auto system = known_code_system(reader->definitions(), coded.system, coded.version);
    const Concept* one = known_concept(*system, coded.code);
    Answer answer;
    answer.text("name", system->name().empty() ? system->url() : system->name()).text("version", system->version());
    // A unit says what it is by itself.
    if (one == nullptr) return document(request, answer.text("display", coded.code).take());
    const std::string display = display_for(*one, input.text("displayLanguage"));
    answer.text("display", display.empty() ? std::string(one->code) : display);
    const Facts facts(*system, *one, input);
    answer.text("definition", facts.definition());
    const json::Value designations = facts.designations();
    for (const json::Value& row : designations.items()) {
        std::vector<json::Value> parts;
        if (row["language"].is_string()) parts.push_back(part_of("language", "valueCode", row["language"]));
        if (row["use"].is_object()) parts.push_back(part_of("use", "valueCoding", row["use"]));
        parts.push_back(part_of("value", "valueString", row["value"]));
        answer.parts("designation", std::move(parts));
    }
    const auto properties = facts.properties();
    for (const json::Value& property : properties) answer.parts("property", property["part"].items());
    return document(request, answer.take());
}

/// The code system of the instance, one that the request brings, or by URL (of the parameter, else of the coding).
CodeSystem::Ptr asked_system(const RecordShelf& shelf, const Input& input, std::string_view id, const Coded& coded) {
    if (!id.empty()) {
        auto found = shelf.code_system_of(id);
        if (!found) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        return found;
    }
    if (const auto raw = input.raw("codeSystem", "resource")) return code_system_from(*raw);
    const std::string_view url = input.text("url").empty() ? std::string_view(coded.system) : input.text("url");
    if (url.empty()) throw_bad_parameter("url", "is needed");
    return known_code_system(shelf, url, coded.version);
}

/// Empty when the coding is a right one.
std::string objection(const CodeSystem& system, const Coded& coded, bool takes_abstract) {
    if (!coded.system.empty() && coded.system != system.url()) return fmt::format("the coding is of {} and not of {}", coded.system, system.url());
    const auto has = system.has(coded.code);
    if (!has) return cannot_say(system, coded.code);
    if (!*has) return fmt::format("\"{}\" is no code of {}", coded.code, system.url());
    const Concept* one = system.find(coded.code);
    if (one == nullptr) return {};
    if (one->is_abstract && !takes_abstract) return fmt::format("the code \"{}\" groups others and is not to be chosen itself", coded.code);
    if (!coded.display.empty() && !one->display.empty() && !has_display(*one, coded.display)) {
        return fmt::format("\"{}\" is not the display of \"{}\", which is \"{}\"", coded.display, coded.code, one->display);
    }
    return {};
}

http::Response validate_code(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kValidate);
    const auto codes = codes_from(input, "url");
    const bool takes_abstract = flag_from(input, "abstract", true);
    const auto reader = record.read(caller.filter);
    std::string messages;
    for (const Coded& coded : codes) {
        const auto system = asked_system(reader->definitions(), input, id, coded);
        const std::string message = objection(*system, coded, takes_abstract);
        const Concept* one = system->find(coded.code);
        const std::string display = one == nullptr ? std::string() : display_for(*one, input.text("displayLanguage"));
        if (message.empty()) return document(request, Answer().boolean("result", true).text("display", display).take());
        messages += (messages.empty() ? "" : "; ") + message;
        if (codes.size() == 1) return document(request, Answer().boolean("result", false).text("message", messages).text("display", display).take());
    }
    return document(request, Answer().boolean("result", false).text("message", messages).take());
}

http::Response subsumes(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kSubsumes);
    const auto side = [&](std::string_view code, std::string_view coding) {
        if (auto one = coding_from(input, coding)) return *one;
        if (input.text(code).empty()) throw_bad_parameter(code, "is needed");
        return Coded{std::string(input.text("system")), std::string(input.text("version")), std::string(input.text(code)), {}};
    };
    const Coded a = side("codeA", "codingA");
    const Coded b = side("codeB", "codingB");
    if (a.system != b.system) throw_bad_parameter("codingB", "is of another system than \"codingA\"");
    const auto reader = record.read(caller.filter);
    if (id.empty() && a.system.empty()) throw_bad_parameter("system", "is needed");
    const auto system = id.empty() ? known_code_system(reader->definitions(), a.system, a.version) : reader->definitions().code_system_of(id);
    if (!system) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    const Concept* one = known_concept(*system, a.code);
    const Concept* other = known_concept(*system, b.code);
    std::string_view outcome = "not-subsumed";
    if (a.code == b.code || (one != nullptr && one == other)) {
        outcome = "equivalent";
    } else if (one != nullptr && other != nullptr) {
        if (system->subsumes(*one, *other)) outcome = "subsumes";
        if (system->subsumes(*other, *one)) outcome = "subsumed-by";
    }
    return document(request, Answer().text("outcome", outcome, "valueCode").take());
}

}  // namespace

void add_lookup(Rest& rest, Record& record) {
    for (const http::Method method : {http::Method::get, http::Method::post}) {
        rest.add_operation(method, "CodeSystem", "$lookup", false,
                           [&record](const http::Request& request, const Caller& caller, std::string_view) { return look_up(record, request, caller); });
        for (const bool instance : {false, true}) {
            rest.add_operation(
                method, "CodeSystem", "$validate-code", instance,
                [&record](const http::Request& request, const Caller& caller, std::string_view id) { return validate_code(record, request, caller, id); });
            rest.add_operation(method, "CodeSystem", "$subsumes", instance, [&record](const http::Request& request, const Caller& caller, std::string_view id) {
                return subsumes(record, request, caller, id);
            });
        }
    }
}

}  // namespace qiao::record
