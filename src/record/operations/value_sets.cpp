#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "record/extract/fold.hpp"
#include "record/operations/operations.hpp"
#include "record/operations/terminology_input.hpp"
#include "record/rest/answer.hpp"
#include "record/terminology/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

/// `ValueSet/$expand` and `ValueSet/$validate-code` (R4: valueset-operation-expand.html, valueset-operation-validate-code.html).
namespace qiao::record {
namespace {

using terminology::ExpandedCode;
using terminology::Expansion;

constexpr std::array<std::string_view, 10> kExpand = {"url",        "valueSet",      "valueSetVersion", "filter", "offset", "count", "includeDesignations",
                                                      "activeOnly", "excludeNested", "displayLanguage"};
constexpr std::array<std::string_view, 11> kValidate = {"url",     "valueSet", "valueSetVersion", "code",     "system",         "systemVersion",
                                                        "display", "coding",   "codeableConcept", "abstract", "displayLanguage"};
constexpr std::size_t kShown = 10'000;  ///< codes in one answer

/// What the request is about: the instance, a resource that it brings, or a URL.
terminology::ValueSet::Ptr asked_set(const RecordShelf& shelf, const Input& input, std::string_view id) {
    if (!id.empty()) {
        auto found = shelf.value_set_of(id);
        if (!found) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        return found;
    }
    if (const auto raw = input.raw("valueSet", "resource")) return value_set_from(*raw);
    if (input.text("url").empty()) throw_bad_parameter("url", "or \"valueSet\" is needed");
    return known_value_set(shelf, input.text("url"), input.text("valueSetVersion"));
}

/// What is typed into a field: every word stands in the display or begins the code.
class TextFilter {
public:
    explicit TextFilter(std::string_view text) {
        const std::string folded = fold_text(text);
        for (const std::string_view word : split(folded, ' ')) {
            if (!word.empty()) words_.emplace_back(word);
        }
    }
    [[nodiscard]] bool passes(const ExpandedCode& one) const {
        if (words_.empty()) return true;
        const bool plain = std::ranges::all_of(one.display, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
        const std::string display = plain ? lower(one.display) : fold_text(one.display);
        const std::string code = lower(one.code);
        return std::ranges::all_of(words_, [&](const std::string& word) { return display.find(word) != std::string::npos || code.starts_with(word); });
    }

private:
    std::vector<std::string> words_;
};

struct Page {
    std::size_t offset = 0;
    std::optional<std::size_t> count;
};

std::optional<std::size_t> number_from(const Input& input, std::string_view name) {
    const std::string_view text = input.text(name);
    if (text.empty()) return std::nullopt;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) throw_bad_parameter(name, "is no number");
    return number;
}

void write_designations(JsonWriter& json, const ExpandedCode& one) {
    if (one.known == nullptr || one.known->extra.empty()) return;
    const auto extra = json::parse(one.known->extra);
    if (extra && (*extra)["designation"].size() > 0) json.raw_field("designation", (*extra)["designation"].dump());
}

void write_contains(JsonWriter& json, const Expansion& expansion, std::span<const ExpandedCode> codes, const Input& input) {
    const bool designations = flag_from(input, "includeDesignations", false);
    const std::string_view language = input.text("displayLanguage");
    json.array("contains", [&] {
        for (const ExpandedCode& one : codes) {
            json.object([&] {
                const Expansion::System& system = expansion.systems[one.system];
                json.field("system", system.url);
                if (one.known != nullptr && one.known->is_abstract) json.field("abstract", true);
                if (one.known != nullptr && one.known->is_inactive) json.field("inactive", true);
                if (!system.version.empty()) json.field("version", system.version);
                json.field("code", one.code);
                const std::string display = one.known != nullptr && !language.empty() ? display_for(*one.known, language) : std::string(one.display);
                if (!display.empty()) json.field("display", display);
                if (designations) write_designations(json, one);
            });
        }
    });
}

void write_used(JsonWriter& json, const Expansion& expansion, const Input& input) {
    const auto parameter = [&](std::string_view name, auto write) {
        json.object([&] {
            json.field("name", name);
            write();
        });
    };
    json.array("parameter", [&] {
        for (const std::string_view name : {"filter", "displayLanguage"}) {
            if (!input.text(name).empty()) parameter(name, [&] { json.field("valueString", input.text(name)); });
        }
        for (const std::string_view name : {"offset", "count"}) {
            if (!input.text(name).empty()) parameter(name, [&] { json.field("valueInteger", static_cast<std::int64_t>(*number_from(input, name))); });
        }
        for (const std::string_view name : {"activeOnly", "includeDesignations"}) {
            if (!input.text(name).empty()) parameter(name, [&] { json.field("valueBoolean", flag_from(input, name, false)); });
        }
        parameter("excludeNested", [&] { json.field("valueBoolean", true); });
        if (expansion.is_partial) parameter("limitedExpansion", [&] { json.field("valueBoolean", true); });
        for (const Expansion::System& system : expansion.systems) {
            parameter("version", [&] { json.field("valueUri", system.version.empty() ? system.url : system.url + "|" + system.version); });
        }
    });
}

std::string expanded_text(const terminology::ValueSet& set, const Expansion& expansion, const Page& page, const Input& input, Instant now) {
    const std::size_t total = expansion.codes.size();
    const std::size_t first = std::min(page.offset, total);
    const std::size_t shown = std::min(page.count.value_or(total), total - first);
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "ValueSet");
        if (!set.url().empty()) json.field("url", set.url());
        if (!set.version().empty()) json.field("version", set.version());
        if (!set.name().empty()) json.field("name", set.name());
        json.field("status", set.status().empty() ? "unknown" : std::string_view(set.status()));
        json.object("expansion", [&] {
            json.field("identifier", "urn:uuid:" + new_uuid(now));
            json.field("timestamp", format_instant(now));
            json.field("total", static_cast<std::int64_t>(total));
            json.field("offset", static_cast<std::int64_t>(first));
            write_used(json, expansion, input);
            if (shown > 0) write_contains(json, expansion, std::span(expansion.codes).subspan(first, shown), input);
        });
    });
    return json.take();
}

http::Response expand_set(Record& record, const Clock& clock, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kExpand);
    const auto reader = record.read(caller.filter);
    const RecordShelf& shelf = reader->definitions();
    const auto set = asked_set(shelf, input, id);
    const Page page{number_from(input, "offset").value_or(0), number_from(input, "count")};
    if (page.count && *page.count > kShown) throw_bad_parameter("count", "is at most 10,000");
    if (!input.text("excludeNested").empty()) (void)flag_from(input, "excludeNested", true);
    Expansion expansion = terminology::expand(shelf, set);
    if (flag_from(input, "activeOnly", false))
        std::erase_if(expansion.codes, [](const ExpandedCode& one) { return one.known != nullptr && one.known->is_inactive; });
    if (!input.text("filter").empty()) {
        const TextFilter filter(input.text("filter"));
        std::erase_if(expansion.codes, [&](const ExpandedCode& one) { return !filter.passes(one); });
    }
    if (!page.count && expansion.codes.size() > kShown) {
        const std::string why =
            fmt::format("the value set has {} codes: ask for a part with \"count\" and \"offset\", or with \"filter\"", expansion.codes.size());
        throw Error(ErrorKind::invalid, "record.too_costly", why, {{"too-costly", "", why}});
    }
    return document(request, expanded_text(*set, expansion, page, input, clock.now()));
}

// ---- $validate-code --------------------------------------------------------------------------------------------------

struct Judged {
    terminology::Membership is = terminology::Membership::no;
    std::string display, message;
};

/// What stands against one coding that is in the set: a display that is not its own, a concept that only groups others.
void judge_concept(const RecordShelf& shelf, const terminology::ValueSet& set, const Coded& coded, bool takes_abstract, Judged& out) {
    out.display = terminology::display_in(shelf, set, coded.system, coded.code);
    const auto system = coded.system.empty() ? nullptr : shelf.code_system(coded.system, coded.version);
    const auto* known = system ? system->find(coded.code) : nullptr;
    if (known != nullptr && known->is_abstract && !takes_abstract) {
        out.is = terminology::Membership::no;
        out.message = fmt::format("the code \"{}\" groups others and is not to be chosen itself", coded.code);
    }
    const bool right =
        coded.display.empty() || out.display.empty() || is_same_display(out.display, coded.display) || (known != nullptr && has_display(*known, coded.display));
    if (!right) {
        out.is = terminology::Membership::no;
        out.message = fmt::format("\"{}\" is not the display of \"{}\", which is \"{}\"", coded.display, coded.code, out.display);
    }
}

Judged judge(const RecordShelf& shelf, const terminology::ValueSet::Ptr& set, const Coded& coded, bool takes_abstract) {
    terminology::Trail trail;
    const terminology::SetTest test(shelf, set, trail);
    Judged out;
    out.is = test.test(coded.system, coded.code);
    const std::string shown = coded.system.empty() ? coded.code : coded.system + "|" + coded.code;
    const std::string name = set->url().empty() ? "the value set" : "the value set " + set->url();
    if (out.is == terminology::Membership::no) out.message = fmt::format("\"{}\" is not in {}", shown, name);
    if (out.is == terminology::Membership::unknown) out.message = fmt::format("whether \"{}\" is in {} cannot be said: {}", shown, name, test.why());
    if (out.is == terminology::Membership::yes) judge_concept(shelf, *set, coded, takes_abstract, out);
    return out;
}

http::Response validate_code(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kValidate);
    const auto codes = codes_from(input, "system", "systemVersion");
    const bool takes_abstract = flag_from(input, "abstract", true);
    const auto reader = record.read(caller.filter);
    const RecordShelf& shelf = reader->definitions();
    const auto set = asked_set(shelf, input, id);
    std::string messages;
    for (const Coded& coded : codes) {
        const Judged one = judge(shelf, set, coded, takes_abstract);
        if (one.is == terminology::Membership::yes) {
            Answer answer;
            answer.boolean("result", true).text("code", coded.code, "valueCode").text("system", coded.system, "valueUri").text("display", one.display);
            return document(request, answer.take());
        }
        messages += (messages.empty() ? "" : "; ") + one.message;
        if (codes.size() > 1) continue;
        Answer answer;
        answer.boolean("result", false).text("code", coded.code, "valueCode").text("system", coded.system, "valueUri");
        answer.text("message", messages).text("display", one.display);
        return document(request, answer.take());
    }
    return document(request, Answer().boolean("result", false).text("message", messages).take());
}

}  // namespace

void add_value_sets(Rest& rest, Record& record, const Clock& clock) {
    for (const http::Method method : {http::Method::get, http::Method::post}) {
        for (const bool instance : {false, true}) {
            rest.add_operation(method, "ValueSet", "$expand", instance,
                               [&record, &clock](const http::Request& request, const Caller& caller, std::string_view id) {
                                   return expand_set(record, clock, request, caller, id);
                               });
            rest.add_operation(
                method, "ValueSet", "$validate-code", instance,
                [&record](const http::Request& request, const Caller& caller, std::string_view id) { return validate_code(record, request, caller, id); });
        }
    }
}

}  // namespace qiao::record
