#include "services/consult/consult.hpp"

#include "access/role.hpp"
#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/consult_table.hpp"
#include "services/consult/request_form.hpp"

#include <algorithm>

namespace qiao::consult {

namespace {

using flow::Refusal;

/// A switch between two ways of one state: the closed way is not shown at all.
std::optional<Refusal> other_way() { return Refusal{ErrorKind::conflict, "", "the case takes the other way"}; }

json::Value patient_of(const flow::Move& move) {
    const auto reader = move.ground.record.read(record::ReadFilter::system("the checks of a form depend on age and sex"));
    return reader->get(move.item.patient).value();
}

bool is_written(const flow::Case& item) { return item.notes["mode"].text() != "session"; }

}  // namespace

const flow::Table& PartMachine::table() const { return kPartTable; }

void PartMachine::begin(flow::Move& move) {
    static_cast<void>(move);
    throw Error(ErrorKind::conflict, "flow.not_open", "a part begins with its case");
}

std::optional<Refusal> PartMachine::guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move) {
    static_cast<void>(context);
    static_cast<void>(move);
    return Refusal{ErrorKind::conflict, "flow.not_open", std::string(name)};
}

void PartMachine::check(const flow::Move& move, flow::FieldCheck& fields) {
    static_cast<void>(move);
    static_cast<void>(fields);
}

void PartMachine::apply(flow::Move& move) { static_cast<void>(move); }

Consult::Consult(flow::Engine& engine) : engine_(engine) {
    engine.add_machine(*this);
    engine.add_machine(part_);
}

const flow::Table& Consult::table() const { return kConsultTable; }

void Consult::begin(flow::Move& move) {
    if (!move.ground.directory.membership_of(move.actor.person, move.actor.organisation, access::role::kDoctor)) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "a consultation is asked for by a doctor");
    }
    if (const json::Value patient = patient_of(move); !patient["deceasedDateTime"].is_null() || patient["deceasedBoolean"].truth()) {
        throw Error(ErrorKind::conflict, "patient.deceased", "nothing is asked for a patient who has died");
    }
    move.item.to_org = verbs::receiver_of(move.ground, move.item, move.fields);
    const std::size_t contracts = move.ground.directory.partners(move.item.from_org, service()).size();
    if (contracts == 0 || (move.item.to_org != 0 && !move.ground.directory.has_contract(move.item.from_org, move.item.to_org, service()))) {
        throw Error(ErrorKind::forbidden, "flow.no_contract", "no contract with an institution that gives consultations");
    }
    move.item.notes.set("mode", "written");
}

std::optional<Refusal> Consult::guard(std::string_view name, const flow::GuardContext& context, const flow::Move* move) {
    const flow::Case& item = context.item;
    if (name == "contract") {
        const std::int64_t to_org = verbs::receiver_of(context.ground, item, move == nullptr ? json::Value() : move->fields);
        const bool some = to_org != 0 ? context.ground.directory.has_contract(item.from_org, to_org, service())
                                      : move == nullptr && !context.ground.directory.partners(item.from_org, service()).empty();
        return some ? std::nullopt : std::optional(Refusal{ErrorKind::forbidden, "flow.no_contract", "no contract with the receiving institution"});
    }
    if (name == "office_approval") {
        const std::int64_t to_org = verbs::receiver_of(context.ground, item, move == nullptr ? json::Value() : move->fields);
        return verbs::leaves_by_office(context.ground, item, to_org) ? std::nullopt : other_way();
    }
    if (name == "mode_written") {
        return is_written(item) ? std::nullopt : other_way();
    }
    if (flow::has_word("consent_missing consent_given scope_given withheld other_institution", name)) {
        return verbs::consent_guard(name, context, move);
    }
    if (name == "quorum") {
        return verbs::has_quorum(item) ? std::nullopt : std::optional(Refusal{ErrorKind::conflict, "flow.guard", "not every asked expert has accepted"});
    }
    const flow::Party* own = item.party(context.person);
    if (name == "offered") {
        return own != nullptr && own->status == "offered" ? std::nullopt : other_way();
    }
    if (name == "part_open") {  // the lead writes the opinion, each of the others a part, once
        return own != nullptr && !own->lead && own->status == "accepted" ? std::nullopt : other_way();
    }
    if (name == "not_asked_before") {
        return verbs::not_asked_before(move);
    }
    if (name == "experts_able") {
        return verbs::experts_able(context, move);
    }
    if (name == "study_free") {
        return verbs::study_free(context, move);
    }
    if (name == "study_attached") {
        return verbs::study_attached(context, move);
    }
    if (name == "specialty_required") {
        const std::vector<std::string> missing = verbs::missing_specialties(item);
        const bool held = move == nullptr ? !missing.empty() : std::find(missing.begin(), missing.end(), move->fields["specialty"].text()) != missing.end();
        return held ? std::nullopt : std::optional(Refusal{ErrorKind::conflict, "flow.guard", "no such specialty is waited for"});
    }
    if (name == "all_required_parts_signed") {
        const bool waits = std::any_of(item.parties.begin(), item.parties.end(),
                                       [](const flow::Party& party) { return party.required && !party.lead && party.status == "accepted"; });
        return waits ? std::optional(Refusal{ErrorKind::conflict, "flow.guard", "a required part is not signed"}) : std::nullopt;
    }
    if (name == "not_in_error") {
        return item.state == "entered_in_error" ? std::optional(Refusal{ErrorKind::conflict, "flow.not_open", "already marked"}) : std::nullopt;
    }
    if (name == "closed_by_cascade") {
        return item.state == "cancelled" && flow::is_given(item.notes["cascade"]) ? std::nullopt : other_way();
    }
    if (name == "within_15_min") {
        return context.now - item.state_since <= std::chrono::minutes(15)
                   ? std::nullopt
                   : std::optional(Refusal{ErrorKind::conflict, "flow.guard", "interrupted for more than 15 minutes"});
    }
    return verbs::session_guard(name, context);
}

void Consult::check(const flow::Move& move, flow::FieldCheck& fields) {
    const std::string& action = move.input.action;
    if (flow::has_word("submit submit_to_office call_emergency", action)) {
        check_form(move, patient_of(move), fields, action == "call_emergency");
        if (verbs::receiver_of(move.ground, move.item, move.fields) == 0) {
            fields.refuse("flow.missing_field", "receiver", "the institution that is asked");
        }
        verbs::check_labels(move, patient_of(move), fields);
    } else if (flow::has_word("add_consent refuse_consent withdraw_consent withdraw_scope review_consent reroute", action)) {
        verbs::check_consent_move(move, patient_of(move), fields);
    } else if (action == "upgrade" && move.role == "coordinator" && flow::is_given(move.fields["receiver"])) {
        fields.refuse("flow.bad_field", "receiver", "the requester chooses the institution");
    } else if (action == "schedule") {
        fields.one_of(move.fields, "mode", "written session");
        if (move.fields["mode"].text() == "session" && !parse_instant(move.fields["time"].text())) {
            fields.refuse("flow.missing_field", "time", "when the session begins");
        }
        if (flow::list_of(move.fields, "experts").size() > 30) {
            fields.refuse("flow.bad_field", "experts", "at most 30");
        }
    } else if (action == "reject") {
        fields.one_of(move.fields, "reason_code", "out_of_scope needs_face_to_face duplicate not_enough_material other");
    } else if (action == "sign" || action == "amend") {
        verbs::check_opinion(move, fields);
    } else if (action == "answer") {
        fields.one_of(move.fields, "followed", "yes partly no");
        if (move.fields["followed"].text() != "yes") {
            if (!flow::is_given(move.fields["not_followed"])) fields.refuse("flow.missing_field", "not_followed", "why the advice was not followed in full");
            fields.one_of(move.fields, "not_followed", "patient_refused not_available condition_changed came_late other_opinion other");
        }
        fields.text_limit(move.fields, "final_diagnosis", 4096);
        const std::int64_t rating = move.fields["rating"].integer().value_or(0);
        if (rating < 1 || rating > 5) {
            fields.refuse("flow.bad_field", "rating", "1 to 5");
        }
    } else if (flow::has_word("reschedule device_ok mark_absent", action)) {
        verbs::check_session(move, fields);
    } else if (action == "attach_study" && !move.fields["confirmed"].truth()) {
        fields.refuse("flow.missing_field", "confirmed", "the person confirms that this is the patient");
    } else if (action == "contribute") {
        fields.one_of(move.fields, "stance", "agree dissent");
        fields.text_limit(move.fields, "text", flow::kText_bytes);
    }
}

void Consult::apply(flow::Move& move) {
    using Verb = void (*)(flow::Move&);
    struct Entry {
        std::string_view state;  ///< empty = any
        std::string_view action;
        Verb verb;
    };
    static constexpr Entry kVerbs[] = {
        {"", "submit", verbs::submit},
        {"", "submit_to_office", verbs::submit_to_office},
        {"", "approve", verbs::approve},
        {"", "pass_on", verbs::pass_on},
        {"", "send_back", verbs::send_back},
        {"", "call_emergency", verbs::call_emergency},
        {"", "give_back", verbs::give_back},
        {"", "resubmit", verbs::resubmit},
        {"", "proceed_without", verbs::proceed_without},
        {"", "schedule", [](flow::Move& m) { verbs::ask_experts(m, true); }},
        {"", "add_expert", [](flow::Move& m) { verbs::ask_experts(m, false); }},
        {"", "upgrade", verbs::upgrade},
        {"", "roll_on", verbs::roll_on},
        {"", "open_to_all", verbs::open_to_all},
        {"calling", "accept", verbs::accept_call},
        {"calling", "decline", verbs::decline_call},
        {"", "hand_over", verbs::hand_over},
        {"", "phone_advice", verbs::phone_advice},
        {"", "accept", verbs::accept},
        {"scheduled", "decline", verbs::decline},
        {"confirmed", "decline", verbs::decline},
        {"", "offer_lapsed", verbs::offer_lapsed},
        {"", "release_specialty", verbs::release_specialty},
        {"", "hand_back", verbs::hand_back},
        {"", "reschedule", verbs::reschedule},
        {"", "device_ok", verbs::device_ok},
        {"", "contribute", verbs::contribute},
        {"", "sign", verbs::sign_opinion},
        {"", "amend", verbs::amend_opinion},
        {"", "read_back", verbs::read_back},
        {"", "file", verbs::file},
        {"", "answer", verbs::answer},
        {"", "add_consent", verbs::add_consent},
        {"", "refuse_consent", verbs::refuse_consent},
        {"", "withdraw_consent", verbs::withdraw_consent},
        {"", "withdraw_scope", verbs::withdraw_scope},
        {"", "review_consent", verbs::review_consent},
        {"", "reroute", verbs::reroute},
        {"", "attach_study", verbs::attach_study},
        {"", "detach_study", verbs::detach_study},
        {"", "study_gone", verbs::study_gone},
        {"", "cascade_close", verbs::cascade_close},
        {"", "restore", verbs::restore},
        {"", "retarget", verbs::retarget},
        {"", "discard", [](flow::Move& m) { verbs::finish(m, ""); }},
        {"feedback_due", "lapse", [](flow::Move& m) { m.end_all_rights(); }},
        {"", "start_writing", [](flow::Move& m) { m.notify(m.lead(), "flow.opinion_due"); }},
        {"", "ask_feedback", [](flow::Move& m) { m.notify(m.requester(), "flow.feedback_asked"); }},
    };
    for (const Entry& entry : kVerbs) {
        if (entry.action == move.row->action && (entry.state.empty() || entry.state == move.item.state)) {
            entry.verb(move);
            return;
        }
    }
    if (kConsultTable.is_end(move.row->to)) {
        verbs::finish(move, "flow.case_ended");
        return;
    }
    move.details = move.fields;
}

std::string Consult::signs(const flow::Move& move) {
    if (move.row->signs == "request_if_changed") {
        return flow::is_given(move.fields["summary"]) || flow::is_given(move.fields["question"]) ? "request" : "";
    }
    if (move.row->action == "upgrade" && move.role == "coordinator") {
        return "";  // a coordinator signs no medical text: the request stays signed as it was
    }
    return std::string(move.row->signs);
}

std::optional<std::string> Consult::clock_rule(const flow::Move& move, std::string_view clock) {
    if (clock == "consent" && has_answer(move.item)) {
        return std::nullopt;  // it came with the call, or was there: nothing is owed
    }
    if (clock == "consent_review" && !move.item.withheld) {
        return std::nullopt;
    }
    if (clock != "read_back") {
        return std::string(clock);
    }
    const std::string& act_by = move.fields["act_by"].text();
    return act_by == "now" ? std::optional<std::string>("read_back_now") : act_by == "today" ? std::optional<std::string>("read_back") : std::nullopt;
}

std::string Consult::on_level(const flow::Case& item, std::string_view clock, int level) const {
    static_cast<void>(level);
    return clock == "accept" && item.state == "calling" ? "roll_on" : "";
}

std::string PartMachine::on_level(const flow::Case& item, std::string_view clock, int level) const {
    return clock == "offer" && level >= 100 && item.state == "offered" ? "offer_lapsed" : "";
}

void Consult::signed_as(flow::Move& move, std::string_view meaning, std::string_view reference) {
    if (flow::has_word("opinion amendment", meaning)) {
        json::Value& opinion = move.item.notes.member("opinion");
        opinion.set("signature", reference);
        opinion.member("versions").mutable_items().back().set("signature", reference);
    }
}

void Consult::study_attached(std::string_view patient, std::string_view study_uid) {
    const std::optional<flow::Study> study = engine_.ground().studies.find(study_uid);
    if (!study || study->resource.empty()) {
        return;
    }
    std::vector<std::string> open;
    {
        const auto snapshot = engine_.ground().database.read();
        open = flow::store::cases_with_item(snapshot->connection(), patient);
    }
    const record::Caller system{record::ReadFilter::system("a study joins the open cases of its patient"), record::Actor::system("TREAT")};
    for (const std::string& id : open) {
        const flow::Visible visible = engine_.open(system, id);
        if (visible.item.ended || visible.item.machine != "consult" || flow::has_word("opinion_signed filed feedback_due", visible.item.state)) {
            continue;
        }
        engine_.change(system, visible, [&](flow::Move& move) {
            move.add_item(study->resource, "study");
            move.notify(move.requester(), "flow.study_attached");
            move.notify(move.lead(), "flow.study_attached");
        });
    }
}

void Consult::study_detached(std::string_view patient, std::string_view study_uid) {
    std::vector<std::string> cases;
    {
        const auto snapshot = engine_.ground().database.read();
        cases = flow::store::cases_with_item(snapshot->connection(), patient);
    }
    for (const std::string& id : cases) {
        engine_.system_move(id, "study_gone", json::Value::object({{"study_uid", study_uid}}));
    }
}

}  // namespace qiao::consult
