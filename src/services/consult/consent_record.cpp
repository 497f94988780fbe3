#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consent.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::string_view kScopes[] = {"consultation", "recording", "teaching"};

Value coding(std::string_view system, std::string_view code) {
    return Value::object({{"coding", Value::array({Value::object({{"system", system}, {"code", code}})})}});
}

/// Who answered and how, as a line under the text that they were shown.
std::string answer_line(const Value& consent, std::string_view scope, bool yes) {
    std::string line = fmt::format("{}: {} · {}: {}", scope, yes ? "yes" : "no", consent["by"].text(), consent["name"].text());
    for (const char* more : {"relation", "reason", "method"}) {
        if (flow::is_given(consent[more])) {
            line += fmt::format(" · {}: {}", more, consent[more].text());
        }
    }
    if (consent["witness"].is_object()) {
        line += fmt::format(" · witness: {}, {}", consent["witness"]["name"].text(), consent["witness"]["relation"].text());
    }
    return line;
}

/// The reference of what was signed by hand, which joins the manifest; empty without any.
std::string take_evidence(flow::Move& move, const Value& consent) {
    std::string first;
    const auto take = [&](const Value& number) {
        const std::optional<std::int64_t> n = number.integer();
        const auto attachment = n ? flow::store::find_attachment(move.work.reader().connection(), move.item.id, static_cast<int>(*n)) : std::nullopt;
        if (attachment) {
            first = first.empty() ? attachment->resource : first;
            move.sign_over(*attachment);
        }
    };
    const std::string& method = consent["method"].text();
    if (method == "thumbprint") {
        take(consent["print"]);
        take(consent["witness"]["signature"]);
    } else if (method == "oral") {
        take(consent["witness"]["signature"]);
    } else if (method == "paper") {
        for (const Value& sheet : flow::list_of(consent, "paper")) {
            take(sheet);
        }
    } else {
        take(consent["signature"]);
    }
    return first;
}

/// One Consent: an answer about one scope. @return "Consent/…"
std::string create_answer(flow::Move& move, const Value& consent, const ConsentWords& words, std::string_view scope, bool yes, std::int64_t receiver,
                          const std::string& evidence) {
    const std::string& part = scope == "consultation" ? words.consultation : scope == "recording" ? words.recording : words.teaching;
    Value resource =
        Value::object({{"resourceType", "Consent"}, {"text", flow::narrative(part + "\n\n" + answer_line(consent, scope, yes))}, {"status", "active"}});
    resource.set("language", words.language);
    resource.set("scope", coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"));
    resource.set("category", Value::array({coding("http://loinc.org", "59284-0"), coding("urn:qiao:consent-scope", scope)}));
    resource.set("patient", Value::object({{"reference", move.item.patient}}));
    resource.set("dateTime", format_instant(move.occurred));
    Value performer = Value::object();
    if (consent["by"].text() == "patient") {
        performer.set("reference", move.item.patient);
    }
    performer.set("display", flow::is_given(consent["name"]) ? consent["name"] : consent["by"]);
    resource.set("performer", Value::array({std::move(performer)}));
    resource.set("organization", Value::array({move.organisation_ref(move.item.from_org)}));
    if (!evidence.empty()) {
        resource.set("sourceReference", Value::object({{"reference", evidence}}));
    }
    resource.set("policy",
                 Value::array({Value::object({{"uri", fmt::format("urn:qiao:consent-text:{}:{}:{}", words.version, words.language, words.digest())}})}));
    resource.set("policyRule", coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", yes ? "OPTIN" : "OPTOUT"));
    Value actor =
        Value::object({{"role", coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")}, {"reference", move.organisation_ref(receiver)}});
    Value data = Value::object({{"meaning", "related"}, {"reference", Value::object({{"reference", move.item.request}})}});
    Value purpose = Value::object({{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", scope == "teaching" ? "TRAIN" : "TREAT"}});
    resource.set("provision", Value::object({{"type", yes ? "permit" : "deny"},
                                             {"actor", Value::array({std::move(actor)})},
                                             {"purpose", Value::array({std::move(purpose)})},
                                             {"data", Value::array({std::move(data)})}}));
    const std::string reference = move.create(std::move(resource), "consent");
    move.sign_over(reference);
    return reference;
}

void make_inactive(flow::Move& move, const std::string& reference) {
    if (reference.empty()) {
        return;
    }
    Value resource = move.read(reference);
    if (resource["status"].text() == "active") {
        resource.set("status", "inactive");
        move.replace(reference, std::move(resource));
    }
}

/// Another answer takes the place of the one there is.
void retire(flow::Move& move) {
    const Value note = move.item.notes["consent"];
    for (const std::string_view scope : kScopes) {
        make_inactive(move, (scope == "consultation" ? note : note[scope])["resource"].text());
    }
}

/// What the case keeps of an answer, without the names of resources.
Value note_of(const flow::Move& move, const Value& consent, const ConsentWords& words, std::int64_t receiver) {
    Value note = Value::object();
    for (const char* name : {"by", "name", "relation", "reason", "id_type", "method", "signature", "print", "witness"}) {
        if (flow::is_given(consent[name])) {
            note.set(name, consent[name]);
        }
    }
    if (flow::is_given(consent["paper"])) {
        note.set("paper", Value::array(flow::list_of(consent, "paper")));
    }
    note.set("receiver", receiver);
    note.set("given", format_instant(move.occurred));
    note.set("text", Value::object({{"version", words.version}, {"language", words.language}, {"digest", words.digest()}}));
    return note;
}

ConsentWords words_of(const flow::Move& move, const Value& consent, std::int64_t receiver) {
    const bool english = consent["language"].text() == "en";
    return *consent_words(move.ground, receiver, move.item.from_org, english ? "en" : "zh", consent["text_version"].text());
}

/// In the commit of the move.
void set_denial(flow::Move& move, std::int64_t receiver, bool denied) {
    const auto rid = move.work.reader().rid_of("Patient", std::string_view(move.item.patient).substr(move.item.patient.find('/') + 1));
    if (!rid || receiver == 0) {
        return;
    }
    move.also([&grants = move.ground.grants, patient = *rid, receiver, denied, by = move.actor.person](storage::Group& group) {
        if (denied) {
            grants.deny(group, patient, receiver, "withdrawn", by);
        } else if (access::Grants::is_denied(group.connection(), patient, receiver)) {
            grants.allow(group, patient, receiver, by);
        }
    });
}

}  // namespace

void deny_receiver(flow::Move& move) { set_denial(move, move.item.to_org, true); }

void create_consent(flow::Move& move, const Value& given) {
    Value consent = given;
    consent.set("method", method_of(consent));
    const std::int64_t receiver = move.item.to_org;
    const ConsentWords words = words_of(move, consent, receiver);
    retire(move);
    const std::string evidence = take_evidence(move, consent);
    Value note = note_of(move, consent, words, receiver);
    note.set("resource", create_answer(move, consent, words, "consultation", true, receiver, evidence));
    for (const char* scope : {"recording", "teaching"}) {
        if (!consent[scope].is_null()) {
            const bool yes = consent[scope].truth();
            note.set(scope, Value::object({{"resource", create_answer(move, consent, words, scope, yes, receiver, evidence)}, {"answer", yes ? "yes" : "no"}}));
        }
    }
    move.item.notes.set("consent", std::move(note));
    move.item.withheld = consent["by"].text() == "relative";
    set_denial(move, receiver, false);
}

void create_refusal(flow::Move& move, const Value& refused, std::int64_t receiver) {
    Value consent = refused;
    const bool by_word = consent["signature"].is_null();
    consent.set("method", by_word ? "oral" : "signature");
    const ConsentWords words = words_of(move, consent, receiver);
    retire(move);
    Value note = note_of(move, consent, words, receiver);
    note.set("resource", create_answer(move, consent, words, "consultation", false, receiver, by_word ? std::string() : take_evidence(move, consent)));
    note.set("refused", note["given"]);
    move.item.notes.set("consent", std::move(note));
}

void end_consent(flow::Move& move, std::string_view scope, const Value& by, const Value& name) {
    Value& note = move.item.notes.member("consent");
    Value& answer = scope == "consultation" ? note : note.member(scope);
    make_inactive(move, answer["resource"].text());
    answer.set("withdrawn", format_instant(move.occurred));
    answer.set("withdrawn_by", by);
    move.details.set("by", by);
    if (flow::is_given(name)) {
        move.details.set("name", name);
    }
    move.details.set("scope", scope);
}

void note_review(flow::Move& move, std::string_view outcome) {
    const std::string reference = move.item.notes["consent"]["resource"].text();
    Value resource = move.read(reference);
    resource.member("verification")
        .push(Value::object(
            {{"verified", outcome == "continue"}, {"verifiedWith", resource["performer"].at(0)}, {"verificationDate", format_instant(move.occurred)}}));
    move.replace(reference, std::move(resource));
    move.sign_over(reference);
}

}  // namespace qiao::consult
