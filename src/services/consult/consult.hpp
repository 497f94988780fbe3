#pragma once

#include "flow/engine.hpp"
#include "flow/machine.hpp"

#include <string>
#include <string_view>

/// The consultation service: its verbs on top of the case engine. Thread-safe: it has no state of its own.
namespace qiao::consult {

/// One asked expert of a consultation: moves only with its case.
class PartMachine : public flow::Machine {
public:
    [[nodiscard]] const flow::Table& table() const override;
    [[nodiscard]] std::string_view service() const override { return "consult"; }
    [[nodiscard]] bool moves_alone() const override { return false; }
    void begin(flow::Move& move) override;
    std::optional<flow::Refusal> guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move) override;
    void check(const flow::Move& move, flow::FieldCheck& fields) override;
    void apply(flow::Move& move) override;
    [[nodiscard]] std::string on_level(const flow::Case& item, std::string_view clock, int level) const override;
};

class Consult : public flow::Machine {
public:
    /// Registers both machines.
    explicit Consult(flow::Engine& engine);

    [[nodiscard]] const flow::Table& table() const override;
    [[nodiscard]] std::string_view service() const override { return "consult"; }
    void begin(flow::Move& move) override;
    std::optional<flow::Refusal> guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move) override;
    void check(const flow::Move& move, flow::FieldCheck& fields) override;
    void apply(flow::Move& move) override;
    std::string signs(const flow::Move& move) override;
    std::optional<std::string> clock_rule(const flow::Move& move, std::string_view clock) override;
    [[nodiscard]] bool outlasts(std::string_view clock) const override { return clock == "consent_review"; }
    [[nodiscard]] std::string on_level(const flow::Case& item, std::string_view clock, int level) const override;
    [[nodiscard]] std::string_view on_fact(const flow::Ground& ground, std::string_view fact, const flow::Case& item, std::int64_t person) const override;
    [[nodiscard]] std::string_view fact_about(const flow::Ground& ground, std::int64_t person, std::int64_t organisation, bool requester) const override;

    void signed_as(flow::Move& move, std::string_view meaning, std::string_view reference) override;
    [[nodiscard]] std::span<const flow::Worklist> worklists() const override;
    void describe(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, json::Value& view) override;
    void describe_offer(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, json::Value& view) override;

    /// A study became this patient's: it joins the patient's open consultations and their people are told. Called by wiring
    /// after imaging attached it; any thread that holds no snapshot.
    void study_attached(std::string_view patient, std::string_view study_uid);
    /// A study is not this patient's any more: the opinions that name it are flagged and their signers told.
    void study_detached(std::string_view patient, std::string_view study_uid);

    /// What a patient withdraws on their own page; the caller of this has made sure that `patient` is the case's.
    /// @param scope  consultation, recording or teaching
    /// @param confirmed  said again after being told that an emergency is going on
    /// Error(conflict, "flow.not_open") when there is nothing to withdraw, Error(invalid) with the field `confirmed`.
    void withdraw_for_patient(const record::Actor& patient, std::string_view case_id, std::string_view scope, bool confirmed);

private:
    flow::Engine& engine_;
    PartMachine part_;
};

// The verbs, by file.
namespace verbs {
// request_verbs.cpp
/// The form becomes resources of the case, under the requester's signature.
void take_form(flow::Move& move);
/// What to_org may see of it from now on, and that it is told.
void open_to_receiver(flow::Move& move);
void submit(flow::Move& move);
void give_back(flow::Move& move);
void resubmit(flow::Move& move);
void proceed_without(flow::Move& move);
void open_at_desk(flow::Move& move);                     ///< of the asked institution: its coordinators see the items, the price of today holds
void finish(flow::Move& move, std::string_view notice);  ///< any end without an opinion
std::optional<flow::Refusal> not_asked_before(const flow::Move* move);
std::int64_t receiver_of(const flow::Ground& ground, const flow::Case& item, const json::Value& fields);

// consent_verbs.cpp
void add_consent(flow::Move& move);
void refuse_consent(flow::Move& move);    ///< the patient said no: a draft that is not sent
void withdraw_consent(flow::Move& move);  ///< of the consultation: the other institution sees nothing any more
void withdraw_scope(flow::Move& move);    ///< of recording or teaching alone
void review_consent(flow::Move& move);
void reroute(flow::Move& move);  ///< to another institution, with the consent that names it
void check_consent_move(const flow::Move& move, const json::Value& patient, flow::FieldCheck& check);
/// consent_missing, consent_given, scope_given, withheld, other_institution
std::optional<flow::Refusal> consent_guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move);

// office_verbs.cpp
/// The sender has switched the approval on, and somebody beside the receiver itself could give it.
bool leaves_by_office(const flow::Ground& ground, const flow::Case& item, std::int64_t to_org);
void submit_to_office(flow::Move& move);
void approve(flow::Move& move);
void pass_on(flow::Move& move);  ///< nobody answered: the request goes on, marked as not reviewed
void send_back(flow::Move& move);

// emergency_verbs.cpp
void call_emergency(flow::Move& move);
void upgrade(flow::Move& move);
void roll_on(flow::Move& move);  ///< nobody answered: the next one is rung
void open_to_all(flow::Move& move);
void accept_call(flow::Move& move);
void decline_call(flow::Move& move);
void hand_over(flow::Move& move);
void phone_advice(flow::Move& move);

// expert_verbs.cpp
void ask_experts(flow::Move& move, bool first);
void accept(flow::Move& move);
void decline(flow::Move& move);
void offer_lapsed(flow::Move& move);
/// Somebody left: the next on the roster of that specialty is offered the place; without one the desk decides.
void offer_next(flow::Move& move, const flow::Party& gone, bool was_lead);
void release_specialty(flow::Move& move);  ///< a required specialty is not waited for any more
void hand_back(flow::Move& move);
/// Specialties that are required and that nobody who accepted has.
std::vector<std::string> missing_specialties(const flow::Case& item);
/// The lead, everybody required who was asked, and each required specialty are there.
bool has_quorum(const flow::Case& item);
std::optional<flow::Refusal> experts_able(const flow::GuardContext& context, const flow::Move* move);

// cascade_verbs.cpp
void cascade_close(flow::Move& move);
void restore(flow::Move& move);   ///< the fact was none: back to where the case was
void retarget(flow::Move& move);  ///< a person has no part in it any more

// session_verbs.cpp
void reschedule(flow::Move& move);
void device_ok(flow::Move& move);
void check_session(const flow::Move& move, flow::FieldCheck& fields);
/// both_sides_ok, requester_present
std::optional<flow::Refusal> session_guard(std::string_view name, const flow::GuardContext& context);

// study_verbs.cpp
void attach_study(flow::Move& move);
void detach_study(flow::Move& move);
void study_gone(flow::Move& move);
/// Marks the opinion that names this study; false when none does.
bool flag_opinion(flow::Move& move, std::string_view study_uid);
std::optional<flow::Refusal> study_free(const flow::GuardContext& context, const flow::Move* move);
std::optional<flow::Refusal> study_attached(const flow::GuardContext& context, const flow::Move* move);

// part_verbs.cpp
void contribute(flow::Move& move);
/// The parts of the other experts as sections of the opinion: who, specialty, agreement or dissent, text.
json::Value part_sections(flow::Move& move);

// opinion_verbs.cpp
void check_opinion(const flow::Move& move, flow::FieldCheck& check);
/// A record that is labelled as a whole is sent only with the word that those who take part may see it (`labels_shown`).
void check_labels(const flow::Move& move, const json::Value& patient, flow::FieldCheck& fields);
void sign_opinion(flow::Move& move);
void amend_opinion(flow::Move& move);
/// Says of each study among the items how many of its images came after the newest signature and are no part of it.
void mark_later_images(const flow::Ground& ground, const flow::Case& item, json::Value& fields);
json::Value opinion_fields(const json::Value& composition);  ///< of a signed version, as the form had them
void read_back(flow::Move& move);
void file(flow::Move& move);
void answer(flow::Move& move);
}  // namespace verbs

}  // namespace qiao::consult
