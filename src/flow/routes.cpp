#include "flow/routes.hpp"
#include "flow/document_bytes.hpp"

#include "base/id.hpp"
#include "base/text.hpp"
#include "flow/board.hpp"
#include "flow/case_view.hpp"
#include "flow/document_bytes.hpp"
#include "flow/flow_store.hpp"
#include "flow/identity.hpp"

#include <fmt/format.h>

#include <charconv>

namespace qiao::flow {

namespace {

using http::Method;
using http::Request;
using http::Response;
using json::Value;

constexpr std::size_t kMessage_bytes = 8 * 1024;
constexpr std::size_t kDraft_bytes = 256 * 1024;

/// What every handler needs; lives as long as the router.
struct Handlers {
    Engine& engine;
    Uploads& uploads;
    record::CallerOf caller_of;

    [[nodiscard]] const Ground& ground() const { return engine.ground(); }
};

std::int64_t number_of(std::string_view text, std::int64_t fallback) {
    std::int64_t value = fallback;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

Visible open_full(const Handlers& to, const record::Caller& caller, std::string_view id) {
    Visible visible = to.engine.open(caller, id);
    if (visible.level != Visible::Level::full) {
        throw Error(ErrorKind::not_found, "flow.no_case", "no such case");
    }
    return visible;
}

Response list_of_lists(const Handlers& to, const Request& request) {
    Value lists = Value::array();
    for (const ListCount& one : worklists(to.engine, to.caller_of(request))) {
        lists.push(
            Value::object({{"name", one.list->name}, {"title", "flow.list." + std::string(one.list->name)}, {"count", one.count}, {"urgent", one.urgent}}));
    }
    return json_answer(Value::object({{"worklists", std::move(lists)}}));
}

Response one_list(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    ListQuery query;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "sort") {
            query.sort = value;
        } else if (name == "q") {
            query.text = trim(value);
        } else if (name == "cursor") {
            query.offset = number_of(value, -1);
        } else if (name == "count") {
            query.count = static_cast<int>(number_of(value, -1));
        } else {
            throw Error(ErrorKind::invalid, "flow.bad_query", "unknown parameter");
        }
    }
    if (query.offset < 0 || query.count < 1 || query.count > 100 || !has_word("due waiting urgency", query.sort)) {
        throw Error(ErrorKind::invalid, "flow.bad_query", "sort: due, waiting, urgency; count: 1 to 100; cursor: as it was answered");
    }
    const ListPage page = worklist(to.engine, caller, request.param("name"), query);
    Value rows = Value::array();
    const auto reader = to.ground().record.read(caller.filter);
    std::vector<record::Rid> tasks;
    std::vector<record::Rid> patients;
    for (const Case& item : page.rows) {
        rows.push(row_view(to.engine, *reader, item, page.list->scope));
        if (const auto rid = reader->rid_of("Task", item.id)) {
            tasks.push_back(*rid);
        }
        if (const auto rid = reader->rid_of("Patient", item.patient.substr(item.patient.find('/') + 1))) {
            patients.push_back(*rid);
        }
    }
    if (const auto& on_read = to.ground().record.ports().on_read) {
        on_read(caller.actor, "search", "Task", tasks, patients);
    }
    Value answer = Value::object({{"list", page.list->name}, {"count", page.count}, {"rows", std::move(rows)}});
    if (page.next_offset != 0) {
        answer.set("next", std::to_string(page.next_offset));
    }
    return json_answer(answer);
}

Response show_case(const Handlers& to, const Request& request) {
    const Value view = case_view(to.engine, to.caller_of(request), request.param("id"));
    return json_answer(view).with("ETag", fmt::format("W/\"{}\"", view["version"].text()));
}

/// The page is about to leave the screen on paper.
Response printed(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const Value view = case_view(to.engine, caller, request.param("id"));
    note_reading(to.ground(), caller.actor.in_case(view["case"].text()), "Task/" + view["case"].text(), view["patient"]["reference"].text(), "print");
    Response response;
    response.status = 204;
    return response;
}

/// How long each clock of a machine may run: what a form says before it is sent is what the engine will measure.
Response deadlines(const Handlers& to, const Request& request) {
    std::string machine;
    for (const auto& [name, value] : request.query_values()) {
        if (name != "machine") {
            throw Error(ErrorKind::invalid, "flow.bad_query", "unknown parameter");
        }
        machine = value;
    }
    static_cast<void>(to.engine.machine(machine));
    const Pack& pack = *to.ground().pack;
    Value clocks = Value::array();
    for (const auto& [name, rule] : pack.clocks_of(machine)) {
        clocks.push(Value::object({{"name", name},
                                   {"kind", rule.kind == ClockKind::wall ? "wall" : "working"},
                                   {"minutes", std::chrono::duration_cast<std::chrono::minutes>(rule.budget).count()}}));
    }
    return json_answer(Value::object({{"pack", pack.name()}, {"working_day_minutes", pack.calendar().day_length().count()}, {"clocks", std::move(clocks)}}));
}

std::string draft_name(const Request& request) {
    const std::string_view name = request.param("name");
    const bool fine = !name.empty() && name.size() <= 32 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
    if (!fine) {
        throw Error(ErrorKind::not_found, "flow.no_draft", "no such draft");
    }
    return std::string(name);
}

Response put_draft(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const std::string name = draft_name(request);
    const Visible visible = open_full(to, caller, request.param("id"));
    if (request.body.size() > kDraft_bytes) {
        throw Error(ErrorKind::too_large, "flow.too_large", fmt::format("a draft is at most {} bytes", kDraft_bytes));
    }
    if (visible.item.ended || caller.actor.person == 0) {
        throw Error(ErrorKind::conflict, "flow.ended", "the case has ended");
    }
    const Value body = body_object(request, "version body");
    const std::optional<std::int64_t> base = body["version"].integer();
    if (!base || !body["body"].is_object()) {
        throw Error(ErrorKind::invalid, "flow.bad_field", "version: a number, body: an object");
    }
    const store::Draft draft{*base + 1, to.ground().clock.now(), body["body"].dump()};
    to.ground().writer.submit({[&](storage::Group& group) {
                                   const auto newest = store::find_draft(group.connection(), visible.item.id, caller.actor.person, name);
                                   if ((newest ? newest->version : 0) != *base) {
                                       throw Error(ErrorKind::conflict, "flow.draft_stale", fmt::format("version={}", newest ? newest->version : 0));
                                   }
                               },
                               [&](storage::Group& group) { store::put_draft(group.connection(), visible.item.id, caller.actor.person, name, draft); }});
    return json_answer(Value::object({{"version", draft.version}, {"saved", format_instant(draft.saved)}}));
}

Response get_draft(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const std::string name = draft_name(request);
    const Visible visible = open_full(to, caller, request.param("id"));
    std::int64_t version = 0;
    for (const auto& [key, value] : request.query_values()) {
        version = key == "version" ? number_of(value, -1) : version;
    }
    const auto snapshot = to.ground().database.read();
    const auto draft = store::find_draft(snapshot->connection(), visible.item.id, caller.actor.person, name, version);
    if (!draft) {
        throw Error(ErrorKind::not_found, "flow.no_draft", "no such draft");
    }
    return json_answer(Value::object({{"version", draft->version}, {"saved", format_instant(draft->saved)}, {"body", *json::parse(draft->body)}}));
}

Response post_message(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const Visible visible = open_full(to, caller, request.param("id"));
    const Value body = body_object(request, "message_id text");
    FieldCheck check;
    check.require(body, "text");
    check.text_limit(body, "text", kMessage_bytes);
    if (!is_fhir_id(body["message_id"].text()) || body["message_id"].text().size() < 16) {
        check.refuse("flow.bad_field", "message_id", "a UUID made by the client");
    }
    check.throw_if_any();
    const std::string reference = "Communication/" + body["message_id"].text();
    {
        const auto reader = to.ground().record.read(record::ReadFilter::system("was this message sent before?"));
        if (const auto sent = reader->read("Communication", body["message_id"].text())) {
            const Value message = sent->value();
            if (message["sender"]["reference"].text() != caller.actor.practitioner || store::case_of_item(reader->connection(), reference) != visible.item.id) {
                throw Error(ErrorKind::conflict, "flow.move_id_reused", "this message_id belongs to another message");
            }
            return json_answer(Value::object({{"id", reference}, {"sent", message["sent"]}}));
        }
    }
    if (to.engine.roles_of(visible.item, caller.actor).empty()) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "participants write messages");
    }
    if (visible.item.ended) {
        throw Error(ErrorKind::conflict, "flow.ended", "the case has ended");
    }
    std::string sent;
    to.engine.change(caller, visible, [&](Move& move) {
        sent = format_instant(move.now);
        Value message = Value::object({{"resourceType", "Communication"}, {"id", body["message_id"]}, {"status", "completed"}});
        message.set("subject", Value::object({{"reference", move.item.patient}}));
        message.set("about", Value::array({Value::object({{"reference", "Task/" + move.item.id}})}));
        message.set("sent", sent);
        message.set("sender", move.person_ref(caller.actor.person));
        message.set("payload", Value::array({Value::object({{"contentString", body["text"]}})}));
        move.create(std::move(message), "message");
        Audience others = move.everybody();
        std::erase(others.people, caller.actor.person);
        move.notify(std::move(others), "flow.message");
    });
    return json_answer(Value::object({{"id", reference}, {"sent", sent}}), 201);
}

Response unmatched(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    Value list = Value::array();
    for (const Study& study : to.ground().studies.unmatched(caller.actor.organisation)) {
        list.push(Value::object({{"study_uid", study.study_uid},
                                 {"received", study.received},
                                 {"modality", study.modality},
                                 {"description", study.description},
                                 {"started", study.started},
                                 {"instances", study.instances},
                                 {"station", study.station},
                                 {"organisation", organisation_view(to.ground(), study.organisation)},
                                 {"identity", identity_view(study.identity)},
                                 {"accession", study.accession}}));
    }
    return json_answer(Value::object({{"studies", std::move(list)}}));
}

Response identity(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const Visible visible = open_full(to, caller, request.param("id"));
    std::string uid;
    for (const auto& [name, value] : request.query_values()) {
        uid = name == "study_uid" ? value : uid;
    }
    const std::optional<Study> study = to.ground().studies.find(uid);
    const auto reader = to.ground().record.read(caller.filter);
    const bool own = study && (study->resource.empty() ? study->organisation == caller.actor.organisation
                                                       : reader->read("ImagingStudy", study->resource.substr(study->resource.find('/') + 1)).has_value());
    if (!own) {
        throw Error(ErrorKind::not_found, "flow.no_study", "no such study");
    }
    const Value patient = reader->get(visible.item.patient).value();
    Value differences = Value::array();
    for (const std::string& one : identity_differences(study->identity, patient)) {
        differences.push(one);
    }
    return json_answer(
        Value::object({{"study", identity_view(study->identity)}, {"patient", identity_view(identity_of(patient))}, {"differences", std::move(differences)}}));
}

/// Pictures and sound are shown; a paper is only ever downloaded: nothing of it is drawn here.
std::string disposition_of(const Attachment& one) {
    if (one.content_type.starts_with("image/") || one.content_type.starts_with("audio/")) {
        return "inline";
    }
    return fmt::format("attachment; filename=\"document-{}{}\"", one.n, extension_of(one.content_type));
}

Response attachment(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const Visible visible = open_full(to, caller, request.param("id"));
    std::optional<Attachment> one;
    {
        const auto reader = to.ground().record.read(caller.filter);
        one = store::find_attachment(reader->connection(), visible.item.id, static_cast<int>(number_of(request.param("n"), 0)));
        // After filing an expert keeps what the opinion used, and no other photo.
        const std::size_t slash = one ? one->resource.find('/') : 0;
        if (one && !reader->read(one->resource.substr(0, slash), one->resource.substr(slash + 1))) {
            one.reset();
        }
    }
    if (!one) {
        throw Error(ErrorKind::not_found, "flow.no_attachment", "no such attachment");
    }
    note_reading(to.ground(), caller.actor.in_case(visible.item.id), one->resource, visible.item.patient);
    Response response;
    response.content_type = one->content_type;
    const std::string tag = "\"" + one->sha256.substr(0, 32) + "\"";
    response.with("ETag", tag)
        .with("X-Content-Type-Options", "nosniff")
        .with("Content-Security-Policy", "sandbox; default-src 'none'")
        .with("Cache-Control", "private, max-age=3600")
        .with("Vary", "Cookie")
        .with("Content-Disposition", disposition_of(*one));
    if (request.header("if-none-match") == tag) {
        response.status = 304;
        return response;
    }
    response.body = to.ground().blobs.get(one->sha256);
    return response;
}

Response upload_answer(const Handlers& to, const Request& request, const Uploads::State& state, int status) {
    Value body = Value::object({{"upload", state.id}, {"offset", state.offset_bytes}, {"size_bytes", state.size_bytes}, {"chunk_bytes", kChunk_bytes}});
    if (state.attachment) {
        body.set("attachment", attachment_view(to.ground(), request.param("id"), *state.attachment));
    }
    return json_answer(body, status).with("Upload-Offset", std::to_string(state.offset_bytes)).with("Upload-Length", std::to_string(state.size_bytes));
}

void add_upload_routes(http::Router& router, const std::shared_ptr<Handlers>& to) {
    router.add(Method::post, "/flow/cases/{id}/uploads", {}, [to](const Request& request) {
        const Value body = body_object(request, "upload_id kind size_bytes content_type sha256 title taken film key_image");
        const Uploads::State state = to->uploads.open(to->caller_of(request), request.param("id"), body);
        return upload_answer(*to, request, state, state.fresh ? 201 : 200);
    });
    router.add(Method::patch, "/flow/cases/{id}/uploads/{upload}", {http::Scope::session, limits::kUploadChunk_bytes}, [to](const Request& request) {
        const std::int64_t offset = number_of(request.header("upload-offset"), -1);
        if (offset < 0) {
            throw Error(ErrorKind::invalid, "flow.bad_field", "Upload-Offset must be a number");
        }
        const Uploads::State state = to->uploads.append(to->caller_of(request), request.param("id"), request.param("upload"), offset, request.body);
        return upload_answer(*to, request, state, 200);
    });
    router.add(Method::get, "/flow/cases/{id}/uploads/{upload}", {}, [to](const Request& request) {
        return upload_answer(*to, request, to->uploads.find(to->caller_of(request), request.param("id"), request.param("upload")), 200);
    });
    router.add(Method::get, "/flow/cases/{id}/attachments/{n}", {}, [to](const Request& request) { return attachment(*to, request); });
    router.add(Method::del, "/flow/cases/{id}/attachments/{n}", {}, [to](const Request& request) {
        to->uploads.remove_attachment(to->caller_of(request), request.param("id"), static_cast<int>(number_of(request.param("n"), 0)));
        Response response;
        response.status = 204;
        return response;
    });
}

}  // namespace

Response json_answer(const Value& value, int status) {
    Response response;
    response.status = status;
    response.content_type = "application/json; charset=utf-8";
    response.body = value.dump();
    response.with("Cache-Control", "private, no-store");
    return response;
}

Value body_object(const Request& request, std::string_view known) {
    Result<Value> parsed = json::parse(request.body);
    if (!parsed || !parsed->is_object()) {
        throw Error(ErrorKind::invalid, "record.bad_json",
                    parsed ? "the body must be an object" : fmt::format("{} at byte {}", parsed.error().message, parsed.error().offset));
    }
    for (const Value::Member& member : parsed->members()) {
        if (!has_word(known, member.first)) {
            throw Error(ErrorKind::invalid, "flow.bad_field", "unknown member", {{"structure", member.first.substr(0, 64), "unknown member"}});
        }
    }
    return *std::move(parsed);
}

void add_routes(http::Router& router, Engine& engine, Uploads& uploads, record::CallerOf caller_of) {
    const auto to = std::make_shared<Handlers>(Handlers{engine, uploads, std::move(caller_of)});
    const auto get = [&](std::string_view pattern, Response (*handler)(const Handlers&, const Request&)) {
        router.add(Method::get, pattern, {}, [to, handler](const Request& request) { return handler(*to, request); });
    };
    get("/flow/worklists", list_of_lists);
    get("/flow/worklists/{name}", one_list);
    get("/flow/cases/{id}", show_case);
    get("/flow/cases/{id}/drafts/{name}", get_draft);
    get("/flow/cases/{id}/identity", identity);
    get("/flow/unmatched-studies", unmatched);
    get("/flow/packs/deadlines", deadlines);
    router.add(Method::put, "/flow/cases/{id}/drafts/{name}", {}, [to](const Request& request) { return put_draft(*to, request); });
    router.add(Method::post, "/flow/cases/{id}/messages", {}, [to](const Request& request) { return post_message(*to, request); });
    router.add(Method::post, "/flow/cases/{id}/printed", {}, [to](const Request& request) { return printed(*to, request); });
    router.add(Method::get, "/flow/packs/{list}", {}, [to](const Request& request) {
        Value codes = Value::array();
        for (const CodeText& one : to->ground().pack->codes(request.param("list"))) {
            codes.push(Value::object({{"code", one.code}, {"zh", one.zh}, {"en", one.en}}));
        }
        return json_answer(Value::object({{"codes", std::move(codes)}}));
    });
    add_board_route(router, engine, to->caller_of);
    add_upload_routes(router, to);
}

}  // namespace qiao::flow
