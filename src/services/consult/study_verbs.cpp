#include "flow/flow_store.hpp"
#include "flow/identity.hpp"
#include "services/consult/consult.hpp"

#include <algorithm>

namespace qiao::consult::verbs {

namespace {

using json::Value;

std::optional<flow::Refusal> refuse(std::string_view code, const char* text) { return flow::Refusal{ErrorKind::conflict, code, text}; }

}  // namespace

std::optional<flow::Refusal> study_free(const flow::GuardContext& context, const flow::Move* move) {
    if (move == nullptr) {
        return std::nullopt;
    }
    const std::optional<flow::Study> study = context.ground.studies.find(move->fields["study_uid"].text());
    if (!study) {
        return flow::Refusal{ErrorKind::not_found, "flow.no_study", "no such study"};
    }
    if (study->resource.empty() && study->organisation != move->actor.organisation && study->organisation != context.item.from_org) {
        return flow::Refusal{ErrorKind::not_found, "flow.no_study", "no such study"};
    }
    if (!study->resource.empty()) {
        const auto reader = context.ground.record.read(record::ReadFilter::system("whose study is it?"));
        if (reader->get(study->resource).value()["subject"]["reference"].text() != context.item.patient) {
            return flow::Refusal{ErrorKind::not_found, "flow.no_study", "no such study"};
        }
        const auto snapshot = context.ground.database.read();
        for (const flow::Item& item : flow::store::items_of(snapshot->connection(), context.item.id)) {
            if (item.reference == study->resource) {
                return refuse("flow.study_attached", "already part of this case");
            }
        }
        return std::nullopt;
    }
    const auto reader = context.ground.record.read(record::ReadFilter::system("both identities are compared"));
    const std::vector<std::string> differences = flow::identity_differences(study->identity, reader->get(context.item.patient).value());
    std::vector<std::string> seen;
    for (const Value& one : flow::list_of(move->fields, "differences")) {
        seen.push_back(one.text());
    }
    std::sort(seen.begin(), seen.end());
    std::vector<std::string> real = differences;
    std::sort(real.begin(), real.end());
    return seen == real ? std::nullopt : refuse("flow.identity_changed", "the differences are not those that were shown");
}

std::optional<flow::Refusal> study_attached(const flow::GuardContext& context, const flow::Move* move) {
    const auto snapshot = context.ground.database.read();
    if (move == nullptr) {
        const std::vector<flow::Item> items = flow::store::items_of(snapshot->connection(), context.item.id);
        const bool some = std::any_of(items.begin(), items.end(), [](const flow::Item& item) { return item.kind == "study"; });
        return some ? std::nullopt : refuse("", "the case has no study");
    }
    const std::optional<flow::Study> study = context.ground.studies.find(move->fields["study_uid"].text());
    for (const flow::Item& item : flow::store::items_of(snapshot->connection(), context.item.id)) {
        if (study && !study->resource.empty() && item.reference == study->resource) {
            return std::nullopt;
        }
    }
    return flow::Refusal{ErrorKind::not_found, "flow.no_study", "no such study in this case"};
}

void attach_study(flow::Move& move) {
    const std::string uid = move.fields["study_uid"].text();
    const std::optional<flow::Study> study = move.ground.studies.find(uid);
    const std::string reference = study->resource.empty() ? move.ground.studies.attach(move.work, uid, move.item.patient) : study->resource;
    move.add_item(reference, "study");
    Value& notes = move.item.notes.member("studies");
    notes.set(uid, Value::object({{"by", move.actor.person}, {"at", format_instant(move.now)}}));
    move.details.set("study_uid", uid);
    move.details.set("differences", Value::array(flow::list_of(move.fields, "differences")));
    move.notify(move.lead(), "flow.study_attached");
}

bool flag_opinion(flow::Move& move, std::string_view study_uid) {
    Value& opinion = move.item.notes.member("opinion");
    for (const Value& seen : opinion["items_seen"].items()) {
        if (seen["item"].text() == "study/" + std::string(study_uid)) {
            opinion.set("flagged", Value::object({{"reason", "study_detached"}, {"study_uid", study_uid}, {"at", format_instant(move.now)}}));
            move.notify({{opinion["signer"].integer().value_or(0)}, {}}, "flow.opinion_flagged");
            return true;
        }
    }
    return false;
}

void detach_study(flow::Move& move) {
    const std::string uid = move.fields["study_uid"].text();
    const std::optional<flow::Study> study = move.ground.studies.find(uid);
    move.drop_item(study->resource);
    move.ground.studies.detach(move.work, uid);
    move.details.set("study_uid", uid);
    move.details.set("flagged", flag_opinion(move, uid));
}

void study_gone(flow::Move& move) {
    const std::string uid = move.fields["study_uid"].text();
    if (const std::optional<flow::Study> study = move.ground.studies.find(uid); study && !study->resource.empty()) {
        move.drop_item(study->resource);
    }
    move.details.set("study_uid", uid);
    move.details.set("flagged", flag_opinion(move, uid));
}

}  // namespace qiao::consult::verbs
