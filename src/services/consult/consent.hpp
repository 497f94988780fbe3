#pragma once

#include "flow/move.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The consents of a consultation: what is told, who answers and how, the resources that an answer becomes (one `Consent` for
/// each of consultation, recording and teaching), and what follows when one is refused, reviewed or withdrawn. The answer in
/// force is `notes["consent"]` of the case. Called by the verbs and routes; one thread a move.
namespace qiao::consult {

/// The words that were on the screen or on the sheet, with the names of the institutions in them.
struct ConsentWords {
    std::string version;   ///< of the pack
    std::string language;  ///< zh or en
    std::string consultation;
    std::string recording;
    std::string teaching;

    [[nodiscard]] std::string whole() const { return consultation + "\n\n" + recording + "\n\n" + teaching; }
    [[nodiscard]] std::string digest() const;  ///< SHA-256 of whole(), hex
};

/// @param version  empty = the one in force   @return nothing for a version that the pack does not have
std::optional<ConsentWords> consent_words(const flow::Ground& ground, std::int64_t to_org, std::int64_t from_org, std::string_view language,
                                          std::string_view version = {});

/// How it was given: signature (also when nothing is said), thumbprint, paper, oral.
std::string_view method_of(const json::Value& consent);
/// What is wrong with `consent` of a form or a move; `name` is where its fields are: "consent".
/// @param receiver  the institution that it must name
void check_consent(const flow::Move& move, const json::Value& patient, const json::Value& consent, std::int64_t receiver, flow::FieldCheck& check);
void check_refusal(const flow::Move& move, const json::Value& consent, flow::FieldCheck& check);

/// The answers become `Consent` resources under the signature of this move; what was in force before is in force no more. A consent
/// lifts what the patient denied to that institution before.
void create_consent(flow::Move& move, const json::Value& consent);
void create_refusal(flow::Move& move, const json::Value& consent, std::int64_t receiver);
/// "consultation", "recording" or "teaching" ends now.
void end_consent(flow::Move& move, std::string_view scope, const json::Value& by, const json::Value& name);
/// The institution that was asked sees nothing of this patient by any case until there is a new consent to it (Grants::deny).
void deny_receiver(flow::Move& move);
/// The doctor has looked at a relative's consent again: a signed new version says so.
void note_review(flow::Move& move, std::string_view outcome);

/// "missing" (needed and not there, or for another institution), "given", "relative" (given, under review), "refused",
/// "withdrawn", or empty for a draft that has none yet.
std::string_view consent_state(const flow::Case& item);
/// Whether somebody consented to what the case now is: to the institution that is asked.
bool has_answer(const flow::Case& item);
/// Whether the patient denies the institution that is asked what is known of them, whatever this case says.
bool is_denied(const flow::Ground& ground, const flow::Case& item);
/// Whether the answer for `scope` is yes and stands.
bool consents_to(const flow::Case& item, std::string_view scope);

/// As `consent` of the compact view, whose state may also be "denied": given here, and the patient has denied that institution
/// elsewhere. Null when nothing was asked.
json::Value consent_view(const flow::Ground& ground, const flow::Case& item);
/// The sheet that is printed, signed by hand and photographed, in both languages.
std::string consent_sheet(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, std::int64_t receiver);

}  // namespace qiao::consult
