#pragma once

#include "flow/machine.hpp"

/// The machines `consult` (a case between a requester and experts) and `part` (one asked expert of it) as data.
/// Deadlines are in packs/*/deadlines.toml. Constant values; any thread.
namespace qiao::consult {

using flow::Meaning;

inline constexpr flow::StateMeaning kConsultStates[] = {
    {"draft", Meaning::draft},
    {"office_check", Meaning::offered},
    {"material_check", Meaning::checking},
    {"returned", Meaning::waiting},
    {"scheduled", Meaning::accepted},
    {"confirmed", Meaning::accepted},
    {"ready", Meaning::accepted},
    {"calling", Meaning::offered},
    {"answering", Meaning::accepted},
    {"in_session", Meaning::in_work},
    {"interrupted", Meaning::waiting},
    {"no_show", Meaning::failed},
    {"opinion_draft", Meaning::in_work},
    {"opinion_signed", Meaning::in_work},
    {"filed", Meaning::done},
    {"feedback_due", Meaning::done},
    {"closed", Meaning::done},
    {"rejected", Meaning::rejected},
    {"cancelled", Meaning::cancelled},
    {"entered_in_error", Meaning::entered_in_error},
};

inline constexpr std::string_view kRequestNeeds = "purpose summary question specialty rank urgency vitals allergies drugs attachments consent";
/// Who may carry out what the patient, or who consented in their place, wants.
inline constexpr std::string_view kOfThePatient = "requester requester_doctor requester_nurse patient";
inline constexpr std::string_view kOpinionNeeds = "findings do_now when_to_send danger_signs call act_by";

inline constexpr flow::Row kConsultRows[] = {
    // from, action, to, who, needs, guard, signs, clocks
    {"draft", "submit", "material_check", "requester", kRequestNeeds, "contract !office_approval", "request", "+check +arrange +done +consent_review"},
    {"draft", "submit_to_office", "office_check", "requester", kRequestNeeds, "contract office_approval", "request", "+office +consent_review"},
    {"draft", "call_emergency", "calling", "requester", "question vitals callback", "contract", "request", "+accept +start +consent +consent_review"},
    {"draft", "refuse_consent", "=", "requester", "consent", {}, "consent"},
    {"draft", "discard", "cancelled", "requester"},

    {"office_check", "approve", "material_check", "requester_office", {}, {}, "approval", "-office +check +arrange +done"},
    {"office_check", "pass_on", "material_check", "system", {}, {}, {}, "-office +check +arrange +done"},
    {"office_check", "send_back", "draft", "requester_office", "reason", {}, {}, "-office"},

    {"material_check", "give_back", "returned", "coordinator", "reason missing_items", "not_asked_before", {}, "-check ~arrange ~done"},
    {"material_check", "schedule", "scheduled", "coordinator", "experts lead mode", "experts_able", {}, "-check"},
    {"material_check", "reject", "rejected", "coordinator", "reason_code", {}, {}, "-all"},

    {"returned", "resubmit", "material_check", "requester", "items", {}, "request_if_changed", "^arrange ^done +check"},
    {"returned", "proceed_without", "material_check", "requester", "not_obtainable reason", {}, {}, "^arrange ^done +check"},
    {"returned", "lapse", "cancelled", "system", {}, {}, {}, "-all"},

    {"scheduled", "accept", "=", "expert", {}, "offered"},
    {"scheduled", "decline", "=", "expert", "reason", "offered"},
    {"scheduled", "add_expert", "=", "coordinator", "experts", "experts_able"},
    {"scheduled", "offer_lapsed", "=", "system"},
    {"scheduled", "release_specialty", "=", "coordinator", "specialty reason", "specialty_required"},
    {"scheduled", "confirm", "confirmed", "system", {}, "quorum !mode_written", {}, "-arrange +device_check"},
    {"scheduled", "start_writing", "opinion_draft", "system", {}, "quorum mode_written", {}, "-arrange +opinion"},
    {"scheduled", "reschedule", "=", "coordinator", "time reason", "!mode_written"},

    {"confirmed", "device_ok", "=", "requester expert", "side test_result"},
    {"confirmed", "get_ready", "ready", "system", {}, "both_sides_ok", {}, "-device_check"},
    {"confirmed", "reschedule", "scheduled", "coordinator", "time reason", {}, {}, "-device_check +arrange"},
    {"confirmed", "decline", "scheduled", "expert", "reason", {}, {}, "-device_check +arrange"},

    {"calling", "accept", "answering", "duty_expert", {}, {}, {}, "-accept"},
    {"calling", "decline", "=", "duty_expert", "reason"},
    {"calling", "roll_on", "=", "system"},
    {"calling", "open_to_all", "=", "duty_lead"},

    {"answering", "begin", "in_session", "duty_expert", {}, {}, {}, "-start +opinion_emergency"},
    {"answering", "hand_over", "calling", "duty_expert", "reason", {}, {}, "+accept"},

    {"ready", "begin", "in_session", "expert", {}, "requester_present"},
    {"ready", "mark_absent", "no_show", "coordinator", "absent reason", {}, {}, "~done"},
    {"ready", "reschedule", "scheduled", "coordinator", "time reason", {}, {}, "+arrange"},

    {"in_session", "invite", "=", "expert requester", "person role"},
    {"in_session", "interrupt", "interrupted", "system requester expert", "reason", {}, {}, "+resume ~done"},
    {"in_session", "conclude", "opinion_draft", "expert", {}, {}, {}, "+opinion"},

    {"interrupted", "resume", "in_session", "requester expert", {}, "within_15_min", {}, "-resume ^done"},
    {"interrupted", "reschedule", "scheduled", "coordinator", "time", {}, {}, "-resume ^done +arrange"},
    {"interrupted", "write_text", "opinion_draft", "lead_expert", {}, {}, {}, "-resume ^done +opinion"},

    {"no_show", "reschedule", "scheduled", "coordinator", "time", {}, {}, "^done +arrange"},
    {"no_show", "give_up", "cancelled", "coordinator", "reason", {}, {}, "-all"},

    {"opinion_draft", "contribute", "=", "expert", "text stance", "part_open", "part"},
    {"opinion_draft", "sign", "opinion_signed", "lead_expert", kOpinionNeeds, "all_required_parts_signed", "opinion",
     "-opinion -opinion_emergency -done +file +read_back"},
    {"opinion_draft", "hand_back", "scheduled", "lead_expert coordinator", "reason", "mode_written", {}, "-opinion +arrange"},
    {"opinion_draft", "reopen", "in_session", "lead_expert", "reason", "!mode_written", {}, "-opinion"},

    {"opinion_signed", "amend", "=", "lead_expert", "reason findings do_now when_to_send danger_signs call act_by", {}, "amendment", "+read_back"},
    {"opinion_signed", "file", "filed", "requester", {}, {}, "receipt", "-file +feedback"},
    {"opinion_signed filed", "read_back", "=", "requester", "text", {}, {}, "-read_back"},

    {"office_check material_check returned scheduled confirmed ready", "upgrade", "calling", "requester coordinator", "callback", "contract", "request",
     "-office -check -arrange -done -device_check +accept +start +consent"},
    {"calling answering", "phone_advice", "opinion_draft", "duty_expert", "text read_back_text occurred", {}, {}, "-accept -start +opinion_emergency"},

    {"filed", "amend", "=", "lead_expert", "reason findings do_now when_to_send danger_signs call act_by", {}, "amendment", "+read_back"},
    {"filed", "answer", "closed", "requester", "followed final_diagnosis rating", {}, {}, "-all"},
    {"filed", "ask_feedback", "feedback_due", "system"},
    {"feedback_due", "answer", "closed", "requester", "followed final_diagnosis rating", {}, {}, "-all"},
    {"feedback_due", "lapse", "closed", "system", {}, {}, {}, "-all"},

    {"office_check material_check returned scheduled confirmed ready no_show calling", "withdraw", "cancelled", "requester", "reason", {}, {}, "-all"},

    {"any", "add_consent", "=", "requester", "consent", "consent_missing", "consent", "-consent -consent_review +consent_review"},
    {"material_check returned scheduled confirmed ready no_show", "reroute", "material_check", "requester", "receiver consent reason", "contract other_institution", "request",
     "-all +check +arrange +done -consent_review +consent_review"},
    {"office_check material_check returned scheduled confirmed ready calling answering in_session interrupted no_show opinion_draft",
     "withdraw_consent",
     "cancelled",
     kOfThePatient,
     "by",
     "consent_given",
     {},
     "-all -consent_review +consent_review"},
    {"opinion_signed filed feedback_due", "withdraw_consent", "=", kOfThePatient, "by", "consent_given", {}, "-consent -consent_review +consent_review"},
    {"every", "withdraw_scope", "=", kOfThePatient, "by scope", "scope_given"},
    {"every", "review_consent", "=", "requester requester_doctor", "outcome reason", "withheld", "consent_review", "-consent_review +consent_review"},
    {"any", "attach_study", "=", "requester coordinator", "study_uid confirmed", "study_free"},
    {"any", "detach_study", "=", "requester coordinator", "study_uid reason", "study_attached"},
    {"every", "study_gone", "=", "system", "study_uid"},
    {"any", "cascade_close", "cancelled", "system", "fact", {}, {}, "-all"},
    {"every", "restore", "=", "system", "fact", "closed_by_cascade"},
    {"any", "retarget", "=", "system", "fact target"},
    {"every", "mark_error", "entered_in_error", "centre_manager", "reason", "not_in_error", {}, "-all"},
};

inline constexpr flow::Table kConsultTable{"consult", "draft", "closed rejected cancelled entered_in_error", kConsultRows, kConsultStates};

/// docs/case-api.md lists what each is for.
inline constexpr flow::Worklist kConsultLists[] = {
    {"drafts", flow::ListScope::requester, "doctor", "draft"},
    {"requested", flow::ListScope::requester, "doctor",
     "office_check material_check scheduled confirmed ready calling answering in_session interrupted no_show opinion_draft"},
    {"returned", flow::ListScope::requester, "doctor", "returned"},
    {"inbox", flow::ListScope::requester, "doctor", "opinion_signed filed feedback_due"},
    {"office", flow::ListScope::office, "coordinator", "office_check"},
    {"desk", flow::ListScope::desk, "coordinator", "material_check calling"},
    {"arranged", flow::ListScope::desk, "coordinator", "returned scheduled confirmed ready answering in_session interrupted no_show opinion_draft"},
    {"calls", flow::ListScope::desk, "duty_lead", "calling answering in_session"},
    {"late", flow::ListScope::late, "coordinator duty_lead centre_manager"},
    {"offers", flow::ListScope::offered, "expert"},
    {"writing", flow::ListScope::accepted, "expert", "scheduled confirmed ready answering in_session interrupted opinion_draft"},
    {"signed", flow::ListScope::accepted, "expert", "opinion_signed filed feedback_due"},
    {"closed", flow::ListScope::closed, "doctor expert"},
};

/// What a fact does to a live case: where it is in one of these states it makes this move of the system, else it goes on.
struct FactRule {
    std::string_view fact;
    std::string_view states;
    std::string_view action;
};

/// A death closes what plans future contact; what is owed finishes (a running session, the opinion of a held one, all that
/// follows an opinion). A contract's end closes what nobody has accepted. Whose licence or role has ended is replaced.
inline constexpr FactRule kConsultFacts[] = {
    {"death", "draft office_check material_check returned scheduled confirmed ready calling answering interrupted no_show", "cascade_close"},
    {"contract_end", "office_check material_check returned scheduled", "cascade_close"},
    {"licence_end", "scheduled confirmed ready calling opinion_draft", "retarget"},
    {"role_end", "scheduled confirmed ready calling opinion_draft", "retarget"},
};

inline constexpr flow::StateMeaning kPartStates[] = {
    {"offered", Meaning::offered},   {"accepted", Meaning::accepted}, {"signed", Meaning::done},
    {"declined", Meaning::rejected}, {"lapsed", Meaning::cancelled},  {"entered_in_error", Meaning::entered_in_error},
};

inline constexpr flow::Row kPartRows[] = {
    {"offered", "accept", "accepted", "expert", {}, {}, {}, "-offer"},
    {"offered", "decline", "declined", "expert", "reason", {}, {}, "-offer"},
    {"offered", "lapse", "lapsed", "system", {}, {}, {}, "-offer"},
    {"offered accepted", "ask_again", "offered", "coordinator", {}, {}, {}, "+offer"},
    {"accepted", "contribute", "signed", "expert", "text", {}, "part"},
    {"accepted", "leave", "declined", "expert", "reason", "before_session"},
    {"any", "cascade_close", "lapsed", "system", "fact", {}, {}, "-all"},
    {"every", "restore", "=", "system", "fact"},
    {"any", "retarget", "=", "system", "fact target"},
    {"every", "mark_error", "entered_in_error", "centre_manager", "reason", "not_in_error", {}, "-all"},
};

inline constexpr flow::Table kPartTable{"part", "offered", "signed declined lapsed entered_in_error", kPartRows, kPartStates};

static_assert(flow::is_sound(kConsultTable), "consult: a state without a way in or out, two rows for one move, or a clock that never stops");
static_assert(flow::is_sound(kPartTable), "part: a state without a way in or out, two rows for one move, or a clock that never stops");

}  // namespace qiao::consult
