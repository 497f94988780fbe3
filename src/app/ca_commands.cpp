#include "app/ca_commands.hpp"

#include "access/certificate_routes.hpp"
#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace qiao::app {
namespace {

using access::Directory;
using access::Holder;
using access::KeyKind;
using access::SigningKeys;
using json::Value;

record::Actor console() { return record::Actor::system("HOPERAT"); }

Holder holder_in(const Directory& directory, const Value& request) {
    const std::string& who = request["person"].text();
    const std::string& where = request["organisation"].text();
    if (!who.empty()) {
        const auto person = who.starts_with("Practitioner/") ? directory.person_by_resource(who) : directory.person_by_login(who);
        if (person) return {KeyKind::person, person->id};
    } else {
        const auto places = directory.organisations();
        const auto found = std::find_if(places.begin(), places.end(), [&](const auto& one) { return one.resource == where || one.name == where; });
        if (found != places.end()) return {KeyKind::seal, found->id};
    }
    throw Error(ErrorKind::not_found, "signing.no_holder", "no such person or institution: --person LOGIN or --organisation NAME");
}

/// The key that signs for the holder now.
std::int64_t live_key(SigningKeys& keys, const Holder& holder, Instant now) {
    for (const auto& one : keys.all()) {
        if (one.holder == holder && one.authority != access::kAskedFor && one.in_force(now)) return one.id;
    }
    throw Error(ErrorKind::not_found, "signing.no_key", "nothing signs for that person or institution now");
}

void print_list(const Value& answer) {
    fmt::print("state\tkind\tholder\talgorithm\tissuer\tserial\tuntil\n");
    for (const Value& one : answer["keys"].items()) {
        fmt::print("{}\t{}\t{} {}\t{}\t{}\t{}\t{}\n", one["state"].text(), one["kind"].text(), one["holder"]["resource"].text(), one["holder"]["name"].text(),
                   one["algorithm"].text(), one["issuer"].text(), one["serial"].text(), one["until"].text());
    }
    for (const Value& one : answer["authorities"].items()) {
        const Value& list = one["list"];
        fmt::print("trusted\tauthority {}\t{}{}\t\t{}\trevocation list {}\n", one["id"].text(), one["name"].text(),
                   one["licensed"].truth() ? " (licensed)" : "", one["certificates"].at(0)["subject"].text(),
                   list.is_null() ? "none" : list["made"].text() + (list["old"].truth() ? " (OLD)" : ""));
    }
    for (const Value& one : answer["seals"].items()) {
        std::string words;
        for (const Value& word : one["meanings"].items()) words += " " + word.text();
        fmt::print("seals\t{} {}:{}\n", one["organisation"]["resource"].text(), one["organisation"]["name"].text(), words);
    }
}

}  // namespace

std::optional<Value> obey_ca(SigningKeys& keys, const Directory& directory, const Clock& clock, const Value& request) {
    const std::string& command = request["command"].text();
    if (!command.starts_with("ca_")) return std::nullopt;
    const std::string act = command.substr(3);
    const auto holder = [&] { return holder_in(directory, request); };
    const auto bytes = [&] { return from_base64(request["file"].text()).value_or(""); };
    const std::int64_t id = request["id"].integer().value_or(0);
    if (act == "list") return *json::parse(access::certificates_json(keys, directory, clock));
    if (act == "authority") return Value::object({{"pem", keys.authority_pem()}});
    if (act == "csr") return Value::object({{"pem", keys.request(console(), holder())}});
    if (act == "import") {
        const auto key = keys.import_certificate(console(), holder(), bytes());
        return Value::object({{"serial", access::serial_of(key.certificate_pem)}, {"until", format_instant(key.expires)}});
    }
    if (act == "trust") return Value::object({{"id", keys.add_authority(console(), request["name"].text(), request["licensed"].truth(), bytes())}});
    if (act == "distrust") {
        keys.remove_authority(console(), id);
    } else if (act == "crl") {
        keys.import_list(console(), id, bytes());
    } else if (act == "revoke") {
        const std::string& from = request["from"].text();
        const Instant at = from.empty() ? clock.now() : parse_instant(from).value_or(Instant::max());
        keys.revoke(console(), live_key(keys, holder(), clock.now()), at, request["reason"].text());
    } else if (act == "built-in") {
        keys.use_built_in(console(), holder());
    } else if (act == "seal") {
        std::vector<std::string> meanings;
        for (const Value& one : request["meanings"].items()) meanings.push_back(one.text());
        keys.set_seal(console(), holder().id, meanings);
    } else {
        return std::nullopt;
    }
    return Value::object();
}

int certificates(const Options& options, const CaInput& input) {
    Value meanings = Value::array();
    for (const std::string& one : input.meanings) meanings.push(one);
    const std::string file = input.file.empty() ? std::string() : to_base64(storage::read_file(input.file));
    const Value answer = ask(options, Value::object({{"command", "ca_" + input.act},
                                                     {"person", input.person},
                                                     {"organisation", input.organisation},
                                                     {"file", file},
                                                     {"name", input.name},
                                                     {"reason", input.reason},
                                                     {"from", input.from},
                                                     {"licensed", input.licensed},
                                                     {"id", input.id},
                                                     {"meanings", std::move(meanings)}}));
    if (input.act == "list") print_list(answer);
    if (input.act == "csr" || input.act == "authority") fmt::print("{}", answer["pem"].text());
    if (input.act == "import") fmt::print("certificate {} signs from now on, until {}\n", answer["serial"].text(), answer["until"].text());
    if (input.act == "trust") fmt::print("authority {}\n", answer["id"].text());
    return 0;
}

}  // namespace qiao::app
