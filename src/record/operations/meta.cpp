#include "base/error.hpp"
#include "record/operations/input.hpp"
#include "record/operations/operations.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/writes.hpp"

#include <algorithm>
#include <array>

/// `$meta`, `$meta-add`, `$meta-delete` of an instance (R4: resource-operation-meta.html). Adding and deleting make a new version,
/// like any write, and only who may write may do it.
namespace qiao::record {
namespace {

constexpr std::array<std::string_view, 3> kLists = {"profile", "security", "tag"};
constexpr std::array<std::string_view, 1> kChangeParameters = {"meta"};
constexpr std::size_t kMost = 200;

/// Two codings are the same by system and code; display and version do not count.
bool same(std::string_view list, const json::Value& a, const json::Value& b) {
    if (list == "profile") return a.text() == b.text();
    return a["system"].text() == b["system"].text() && a["code"].text() == b["code"].text();
}

std::int64_t labels_of(const json::Value& meta) {
    std::int64_t labels = 0;
    for (const json::Value& one : meta["security"].items()) labels |= label_bit(one["code"].text());
    return labels;
}

json::Value change_in(const Input& input) {
    const auto text = input.raw("meta", "valueMeta");
    auto meta = text ? json::parse(*text) : json::parse("null");
    if (!meta || !meta->is_object()) throw_bad_parameter("meta", "is a valueMeta in a Parameters body");
    for (const auto& [name, value] : meta->members()) {
        if (std::find(kLists.begin(), kLists.end(), name) == kLists.end() || !value.is_array() || value.size() > kMost) {
            throw_bad_parameter("meta", "has lists of profile, security and tag, at most 200 of each");
        }
    }
    return *std::move(meta);
}

http::Response show_meta(const http::Request& request, const Stored& stored) {
    json::Value parameter = json::Value::object({{"name", "return"}, {"valueMeta", stored.value()["meta"]}});
    json::Value parameters = json::Value::object({{"resourceType", "Parameters"}});
    parameters.member("parameter").push(std::move(parameter));
    http::Response response = document(request, parameters.dump());
    response.with("ETag", etag_of(stored.version));
    return response;
}

http::Response read_meta(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, {});
    const Stored stored = record.read(caller.filter)->get(std::string(request.param("type")) + "/" + std::string(id));
    tell_shown(record, caller, {{stored, false}});
    return show_meta(request, stored);
}

/// @return whether anything changed
bool apply(json::Value& meta, const json::Value& change, bool adds) {
    const std::string before = meta.dump();
    for (const std::string_view list : kLists) {
        for (const json::Value& one : change[list].items()) {
            json::Value kept = json::Value::array();
            bool found = false;
            for (const json::Value& item : meta[list].items()) {
                const bool hit = same(list, item, one);
                found = found || hit;
                if (adds || !hit) kept.push(item);
            }
            if (adds && !found) kept.push(one);
            if (kept.size() == 0)
                meta.remove(list);
            else
                meta.set(list, std::move(kept));
        }
    }
    return meta.dump() != before;
}

http::Response change_meta(Record& record, const http::Request& request, const Caller& caller, std::string_view id, bool adds) {
    check_may_write(record, caller, request.param("type"));
    check_acceptable(request);
    const Input input(request, kChangeParameters);
    const json::Value change = change_in(input);
    const std::string reference = std::string(request.param("type")) + "/" + std::string(id);
    auto work = plain_work(record, caller);
    const Stored stored = work->load(reference);
    // A label hides: it is put on and taken off only by who may see what carries it.
    if ((labels_of(change) & ~caller.filter.labels) != 0) {
        throw Error(ErrorKind::forbidden, "record.label_not_yours", "this label is not opened by the roles of the caller");
    }
    json::Value resource = stored.value();
    if (!apply(resource.member("meta"), change, adds)) return show_meta(request, stored);
    work->update(std::move(resource));
    work->commit();
    return show_meta(request, work->written(reference));
}

}  // namespace

void add_meta(Rest& rest, Record& record) {
    using http::Method;
    for (const Method method : {Method::get, Method::post}) {
        rest.add_operation(method, kEveryType, "$meta", true, [&record](const http::Request& request, const Caller& caller, std::string_view id) {
            return read_meta(record, request, caller, id);
        });
    }
    for (const bool adds : {true, false}) {
        rest.add_operation(Method::post, kEveryType, adds ? "$meta-add" : "$meta-delete", true,
                           [&record, adds](const http::Request& request, const Caller& caller, std::string_view id) {
                               return change_meta(record, request, caller, id, adds);
                           });
    }
}

}  // namespace qiao::record
