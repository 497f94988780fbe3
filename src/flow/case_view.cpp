#include "flow/case_view.hpp"

#include "flow/flow_store.hpp"
#include "flow/form.hpp"
#include "flow/identity.hpp"
#include "flow/notice_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::flow {

namespace {

using json::Value;

constexpr std::chrono::minutes kLateEntry{15};

Value instant_or_null(const std::optional<Instant>& instant) { return instant ? Value(format_instant(*instant)) : Value(); }
Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value clock_view(const Ground& ground, const ClockRow& clock, Instant now) {
    Value view =
        Value::object({{"name", clock.name}, {"kind", clock.kind == ClockKind::wall ? "wall" : "working"}, {"started", format_instant(clock.started)}});
    view.set("due", instant_or_null(clock.due));
    view.set("paused", text_or_null(clock.pause_reason));
    view.set("level", clock.level);
    view.set("share", used_share(ground.pack->calendar(), clock, now));
    view.set("stopped", instant_or_null(clock.stopped));
    view.set("verdict", text_or_null(clock.verdict_occurred));
    view.set("verdict_recorded", text_or_null(clock.verdict_recorded));
    return view;
}

Value clocks_view(const Ground& ground, storage::Connection& connection, std::string_view case_id, bool running_only) {
    Value list = Value::array();
    for (const ClockRow& clock : store::clocks_of(connection, case_id)) {
        if (!running_only || !clock.stopped) {
            list.push(clock_view(ground, clock, ground.clock.now()));
        }
    }
    return list;
}

Value patient_view(const Value& patient, Instant now, bool anonymous) {
    Value view = Value::object();
    if (!anonymous) {
        view.set("reference", "Patient/" + patient["id"].text());
        view.set("name", name_text(patient));
        view.set("birth_date", patient["birthDate"]);
        const std::string id = identity_of(patient).id;
        view.set("id_tail", id.size() > 4 ? Value(id.substr(id.size() - 4)) : Value());
    }
    view.set("sex", patient["gender"]);
    view.set("age", age_text(patient["birthDate"].text(), now));
    if (!patient["deceasedDateTime"].is_null()) {
        view.set("deceased", patient["deceasedDateTime"]);
    }
    return view;
}

Value move_view(const Ground& ground, const MoveRow& row) {
    Value view = Value::object({{"seq", row.seq}, {"kind", "move"}, {"machine", row.machine}, {"action", row.action}});
    view.set("title", fmt::format("{}.move.{}", row.machine, row.action));
    view.set("from", text_or_null(row.from_state));
    view.set("to", row.to_state);
    view.set("by", person_view(ground, row.person));
    view.set("role", row.case_role);
    view.set("organisation", organisation_view(ground, row.institution));
    view.set("occurred", format_instant(row.occurred));
    view.set("recorded", format_instant(row.recorded));
    view.set("late_entry", row.recorded - row.occurred > kLateEntry);
    view.set("reason", text_or_null(row.reason));
    view.set("signed", !row.provenance.empty());
    view.set("details", row.details);
    return view;
}

Value moves_view(const Engine& engine, const record::Caller& caller, const Case& item) {
    Value list = Value::array();
    Machine& machine = engine.machine_of(item);
    for (const OpenMove& move : engine.open_moves(caller, item)) {
        Value needs = Value::array();
        each_word(move.row->needs, [&](std::string_view need) {
            needs.push(need);
            return true;
        });
        const std::string name(machine.table().name());
        const std::string action(move.row->action);
        list.push(Value::object({{"action", action},
                                 {"title", name + ".move." + action},
                                 {"to", move.to},
                                 {"who", move.who},
                                 {"needs", std::move(needs)},
                                 {"signs", move.row->signs.empty() ? Value() : Value(move.row->signs)},
                                 {"deadline", instant_or_null(move.deadline)},
                                 {"blocked", text_or_null(move.blocked)},
                                 {"form", name + "." + action}}));
    }
    return list;
}

Value participants_view(const Ground& ground, const Case& item) {
    Value list = Value::array();
    list.push(Value::object({{"role", "requester"},
                             {"person", person_view(ground, item.requester)},
                             {"organisation", organisation_view(ground, item.from_org)},
                             {"status", "active"}}));
    for (const Party& party : item.parties) {
        list.push(Value::object({{"role", party.lead ? "lead_expert" : party.role},
                                 {"person", person_view(ground, party.person)},
                                 {"organisation", organisation_view(ground, party.organisation)},
                                 {"status", party.status},
                                 {"specialty", text_or_null(party.specialty)},
                                 {"required", party.required},
                                 {"reason", text_or_null(party.reason)}}));
    }
    return list;
}

Value studies_view(const Ground& ground, const Case& item, const std::vector<Item>& items, const Value& patient) {
    Value list = Value::array();
    for (const Study& study : ground.studies.of_patient(item.patient)) {
        if (std::none_of(items.begin(), items.end(), [&](const Item& one) { return one.reference == study.resource; })) {
            continue;
        }
        Value differences = Value::array();
        for (const std::string& one : identity_differences(study.identity, patient)) {
            differences.push(one);
        }
        const Value& noted = item.notes["studies"][study.study_uid];
        const std::int64_t by = noted["by"].integer().value_or(0);
        Value view = Value::object({{"study_uid", study.study_uid}, {"resource", study.resource}, {"modality", study.modality}});
        view.set("description", study.description);
        view.set("started", text_or_null(study.started));
        view.set("instances", study.instances);
        view.set("quality", study.quality);
        view.set("note", text_or_null(study.note));
        view.set("identity",
                 Value::object(
                     {{"study", identity_view(study.identity)}, {"patient", identity_view(identity_of(patient))}, {"differences", std::move(differences)}}));
        view.set("attached_by", by == 0 ? Value("system") : person_view(ground, by));
        view.set("confirmed", by == 0 ? Value() : Value::object({{"by", person_view(ground, by)}, {"at", noted["at"]}}));
        list.push(std::move(view));
    }
    return list;
}

Value messages_view(const Ground& ground, record::Reader& reader, const std::vector<Item>& items) {
    Value list = Value::array();
    for (const Item& item : items) {
        if (item.kind != "message") {
            continue;
        }
        const auto stored = reader.read("Communication", item.reference.substr(item.reference.find('/') + 1));
        if (!stored || stored->deleted) {
            continue;
        }
        const Value message = stored->value();
        const auto sender = ground.directory.person_by_resource(message["sender"]["reference"].text());
        list.push(Value::object({{"id", item.reference},
                                 {"by", sender ? person_view(ground, sender->id) : Value()},
                                 {"sent", message["sent"]},
                                 {"text", message["payload"].at(0)["contentString"]}}));
    }
    return list;
}

/// Who was told outside the screen, by which channel, and what came of it. No address is in it.
Value notices_view(const Ground& ground, storage::Connection& connection, std::string_view case_id) {
    Value list = Value::array();
    for (const store::NoticeStep& step : store::steps_of_case(connection, case_id)) {
        list.push(Value::object({{"code", step.code},
                                 {"person", person_view(ground, step.person)},
                                 {"channel", text_or_null(step.channel)},
                                 {"what", step.what},
                                 {"reason", text_or_null(step.reason)},
                                 {"at", format_instant(step.at)}}));
    }
    return list;
}

/// The case's own reason for which the caller sees it, else the longest of the patient's.
Value why_view(const Ground& ground, const record::Caller& caller, const Case& item, std::optional<record::Rid> patient) {
    std::vector<access::Reason> reasons = ground.grants.of_case(item.id);
    std::erase_if(reasons, [&](const access::Reason& one) {
        return std::find(caller.filter.grantees.begin(), caller.filter.grantees.end(), one.grantee) == caller.filter.grantees.end();
    });
    if (reasons.empty() && patient) {
        reasons = ground.grants.why(caller.filter, *patient);
    }
    if (reasons.empty()) {
        return {};
    }
    const access::Reason& reason = reasons.front();
    return Value::object({{"kind", reason.kind},
                          {"reason", reason.reason.empty() ? reason.kind : reason.reason},
                          {"until", reason.ends == Instant::max() ? Value() : Value(format_instant(reason.ends))}});
}

Value roles_view(const Engine& engine, const record::Caller& caller, const Case& item) {
    Value roles = Value::array();
    for (const std::string& role : engine.roles_of(item, caller.actor)) {
        roles.push(role);
    }
    return roles;
}

Value head_view(const Engine& engine, const Case& item, std::string_view view) {
    const std::string name(engine.machine_of(item).table().name());
    Value head = Value::object({{"case", item.id}, {"view", view}, {"version", item.version}, {"machine", name}, {"state", item.state}});
    head.set("state_title", name + ".state." + item.state);
    head.set("ended", item.ended);
    head.set("urgency", item.urgency);
    return head;
}

Value offer_view(const Engine& engine, const record::Caller& caller, const Case& item) {
    const Ground& ground = engine.ground();
    Value view = head_view(engine, item, "offer");
    const auto reader = ground.record.read(record::ReadFilter::system("an offer shows purpose, summary, question, urgency, age and sex"));
    view.set("patient", patient_view(reader->get(item.patient).value(), ground.clock.now(), true));
    engine.machine_of(item).describe_offer(ground, *reader, item, view);
    if (const Party* party = item.party(caller.actor.person)) {
        view.set("offered", format_instant(party->since));
    }
    view.set("clocks", clocks_view(ground, reader->connection(), item.id, true));
    return view;
}

Value full_view(const Engine& engine, const record::Caller& caller, const Case& item) {
    const Ground& ground = engine.ground();
    Value view = head_view(engine, item, "full");
    view.set("number", item.number);
    view.set("created", format_instant(item.created));
    view.set("pack", item.pack);
    view.set("task", "Task/" + item.id);
    view.set("request", item.request);
    view.set("from", organisation_view(ground, item.from_org));
    view.set("to", organisation_view(ground, item.to_org));
    view.set("participants", participants_view(ground, item));
    const auto reader = ground.record.read(caller.filter);
    storage::Connection& connection = reader->connection();
    const std::string patient_id = item.patient.substr(item.patient.find('/') + 1);
    const std::optional<record::Stored> stored = reader->read("Patient", patient_id);
    const Value patient = stored && !stored->deleted ? stored->value() : Value();
    view.set("patient", patient.is_null() ? Value() : patient_view(patient, ground.clock.now(), false));
    view.set("clocks", clocks_view(ground, connection, item.id, false));
    Value timeline = Value::array();
    for (const MoveRow& row : store::moves_of(connection, item.id)) {
        timeline.push(move_view(ground, row));
    }
    view.set("timeline", std::move(timeline));
    view.set("notices", notices_view(ground, connection, item.id));
    Value drafts = Value::object();
    for (const auto& [name, draft] : store::drafts_of(connection, item.id, caller.actor.person)) {
        drafts.set(name, Value::object({{"version", draft.version}, {"saved", format_instant(draft.saved)}, {"body", *json::parse(draft.body)}}));
    }
    view.set("drafts", std::move(drafts));
    const std::vector<Item> items = store::items_of(connection, item.id);
    Value attachments = Value::array();
    for (const Attachment& one : store::attachments_of(connection, item.id)) {
        attachments.push(attachment_view(ground, item.id, one));
    }
    view.set("items", Value::object({{"attachments", std::move(attachments)}, {"studies", studies_view(ground, item, items, patient)}}));
    view.set("messages", messages_view(ground, *reader, items));
    Value labels = Value::array();
    for (const std::string_view code : record::codes_of(access::Grants::labels_of_case(connection, item.id))) {
        labels.push(code);
    }
    view.set("labels", std::move(labels));
    engine.machine_of(item).describe(ground, *reader, item, view);
    return view;
}

}  // namespace

void note_reading(const Ground& ground, const record::Actor& actor, std::string_view reference, std::string_view patient, std::string_view action) {
    const auto& on_read = ground.record.ports().on_read;
    if (!on_read) {
        return;
    }
    std::vector<record::Rid> resources;
    std::vector<record::Rid> patients;
    const std::string_view type = reference.substr(0, reference.find('/'));
    {
        const auto reader = ground.record.read(record::ReadFilter::system("the audit names what was read by number"));
        for (auto [list, one] : {std::pair{&resources, reference}, std::pair{&patients, patient}}) {
            const std::size_t slash = one.find('/');
            if (slash == std::string_view::npos) {
                continue;
            }
            if (const std::optional<record::Rid> rid = reader->rid_of(one.substr(0, slash), one.substr(slash + 1))) {
                list->push_back(*rid);
            }
        }
    }
    on_read(actor, action, type, resources, patients);
}

std::optional<Value> find_resource(record::Reader& reader, std::string_view reference) {
    const std::size_t slash = reference.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto stored = reader.read(reference.substr(0, slash), reference.substr(slash + 1));
    return stored && !stored->deleted ? std::optional(stored->value()) : std::nullopt;
}

Value organisation_view(const Ground& ground, std::int64_t id) {
    const std::optional<access::Organisation> found = ground.directory.organisation(id);
    return found ? Value::object({{"reference", found->resource}, {"name", found->name}, {"name_en", found->name_en}}) : Value();
}

Value person_view(const Ground& ground, std::int64_t id) {
    const std::optional<access::Person> found = ground.directory.person(id);
    return found ? Value::object({{"reference", found->resource}, {"name", found->name}, {"name_en", found->name_en}}) : Value();
}

Value identity_view(const StudyIdentity& identity) {
    return Value::object({{"name", identity.name}, {"id", identity.id}, {"birth_date", identity.birth_date}, {"sex", identity.sex}});
}

Value attachment_view(const Ground& ground, std::string_view case_id, const Attachment& one) {
    Value view = Value::object({{"n", one.n}, {"kind", one.kind}, {"content_type", one.content_type}, {"size_bytes", one.size_bytes}});
    view.set("width", one.width);
    view.set("height", one.height);
    view.set("seconds", one.seconds > 0 ? Value(one.seconds) : Value());
    view.set("title", text_or_null(one.title));
    view.set("taken", text_or_null(one.taken));
    view.set("added", format_instant(one.added));
    view.set("added_by", person_view(ground, one.added_by));
    view.set("quality", one.quality());
    view.set("warning", one.kind == "film" ? Value("photo_no_measuring") : Value());
    view.set("sha256", one.sha256);
    view.set("signed", one.signed_over);
    view.set("resource", one.resource);
    view.set("key_image", one.key_image.empty() ? Value() : *json::parse(one.key_image));
    view.set("url", fmt::format("/flow/cases/{}/attachments/{}", case_id, one.n));
    return view;
}

Value case_view(const Engine& engine, const record::Caller& caller, std::string_view case_id) {
    const Visible visible = engine.open(caller, case_id);
    note_reading(engine.ground(), caller.actor.in_case(visible.item.id), "Task/" + visible.item.id, visible.item.patient);
    if (visible.level == Visible::Level::moves) {
        Value view = head_view(engine, visible.item, "moves");
        view.set("number", visible.item.number);
        view.set("moves", moves_view(engine, caller, visible.item));
        view.set("my_roles", roles_view(engine, caller, visible.item));
        return view;
    }
    Value view = visible.level == Visible::Level::full ? full_view(engine, caller, visible.item) : offer_view(engine, caller, visible.item);
    view.set("moves", moves_view(engine, caller, visible.item));
    view.set("my_roles", roles_view(engine, caller, visible.item));
    if (visible.level == Visible::Level::full) {
        std::optional<record::Rid> patient;
        {
            const auto reader = engine.ground().record.read(caller.filter);
            patient = reader->rid_of("Patient", visible.item.patient.substr(visible.item.patient.find('/') + 1));
        }
        view.set("why", why_view(engine.ground(), caller, visible.item, patient));
    }
    return view;
}

Value row_view(const Engine& engine, record::Reader& reader, const Case& item, ListScope scope) {
    const Ground& ground = engine.ground();
    const std::string name(engine.machine_of(item).table().name());
    const bool offer = scope == ListScope::offered;
    Value row = Value::object(
        {{"case", item.id}, {"number", offer ? Value() : Value(item.number)}, {"version", item.version}, {"machine", name}, {"state", item.state}});
    row.set("state_title", name + ".state." + item.state);
    row.set("title", name + ".title");
    row.set("urgency", item.urgency);
    row.set("purpose", item.notes["purpose"]);
    row.set("specialty", item.notes["specialty"]);
    if (!item.ended) {
        row.set("waiting_since", format_instant(item.state_since));
    }
    row.set("clocks", clocks_view(ground, reader.connection(), item.id, true));
    const std::string patient_id = item.patient.substr(item.patient.find('/') + 1);
    if (offer) {
        const auto all = ground.record.read(record::ReadFilter::system("an offer shows age and sex"));
        row.set("patient", patient_view(all->get(item.patient).value(), ground.clock.now(), true));
        return row;
    }
    const std::optional<record::Stored> stored = reader.read("Patient", patient_id);
    row.set("patient", stored && !stored->deleted ? patient_view(stored->value(), ground.clock.now(), false) : Value());
    row.set("from", organisation_view(ground, item.from_org));
    row.set("to", organisation_view(ground, item.to_org));
    row.set("requester", person_view(ground, item.requester));
    const Party* lead = item.lead();
    row.set("expert", lead == nullptr ? Value() : person_view(ground, lead->person));
    return row;
}

}  // namespace qiao::flow
