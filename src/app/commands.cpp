#include "app/commands.hpp"

#include "access/audit.hpp"
#include "app/backup/commands.hpp"
#include "app/bulk_commands.hpp"
#include "app/ca_commands.hpp"
#include "app/centre.hpp"
#include "app/control.hpp"
#include "app/demo/demo.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "imaging/socket.hpp"
#include "storage/file.hpp"
#include "storage/place.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace qiao::app {
namespace {

using json::Value;

record::Actor console() { return record::Actor::system("HSYSADMIN"); }

/// The institution under its reference or its exact name.
std::int64_t organisation_of(const access::Directory& directory, const std::string& text) {
    if (const auto found = directory.organisation_by_resource(text)) return found->id;
    std::string names;
    for (const auto& one : directory.organisations()) {
        if (text == one.name || text == one.name_en) return one.id;
        names += fmt::format("\n  {}  {}  {}", one.resource, one.name, one.name_en);
    }
    throw Error(ErrorKind::invalid, "access.bad_organisation", "no such institution; known are:" + names);
}

Value add_device_row(Centre& centre, const Value& request) {
    const auto port = request["port"].integer().value_or(0);
    if (port < 0 || port > 65'535) throw Error(ErrorKind::invalid, "imaging.bad_port", "port: 0 to 65535");
    const imaging::Ae made = centre.devices().add(console(), {.title = request["title"].text(),
                                                              .address = request["address"].text(),
                                                              .port = static_cast<std::uint16_t>(port),
                                                              .organisation = organisation_of(centre.directory(), request["organisation"].text()),
                                                              .issuer = request["issuer"].text(),
                                                              .default_charset = request["charset"].text(),
                                                              .may_store = request["mayStore"].truth()});
    return centre.devices().value_of(made, nullptr);
}

Value device_rows(Centre& centre) {
    const auto uses = centre.archive().store().uses();
    Value rows = Value::array();
    for (const auto& ae : centre.devices().all()) {
        const auto use = uses.find(ae.id);
        rows.push(centre.devices().value_of(ae, use == uses.end() ? nullptr : &use->second));
    }
    return Value::object({{"devices", std::move(rows)}});
}

Value remove_device_row(Centre& centre, const Value& request) {
    const auto found = centre.devices().find(request["title"].text(), imaging::numeric_address(request["address"].text()));
    if (!found) throw Error(ErrorKind::not_found, "imaging.no_device", "no such device");
    centre.devices().remove(console(), found->id);
    return Value::object();
}

/// What the control socket offers; also carried out directly when no server runs.
Value obey(Centre& centre, const Value& request) {
    access::Sessions& sessions = centre.sessions();
    if (auto answer = backup::obey(centre.backups(), request)) return std::move(*answer);
    if (auto answer = obey_ca(centre.signing_keys(), centre.directory(), centre.clock(), request)) return std::move(*answer);
    if (auto answer = obey_bulk(centre.bulk(), request)) return std::move(*answer);
    const std::string& command = request["command"].text();
    if (command == "ae_add") return add_device_row(centre, request);
    if (command == "ae_list") return device_rows(centre);
    if (command == "ae_remove") return remove_device_row(centre, request);
    if (command == "token") {
        return Value::object({{"token", sessions.issue_token(request["login"].text(), std::chrono::hours(request["hours"].integer().value_or(12)))}});
    }
    if (command == "client_add") {
        const auto client = sessions.add_client(request["name"].text(), request["role"].text(), request["jwks"].text(), request["audience"].text());
        return Value::object({{"client_id", client.id}, {"client_secret", client.secret}});
    }
    if (command == "client_revoke") {
        sessions.revoke_client(request["client"].text());
        return Value::object();
    }
    throw Error(ErrorKind::invalid, "control.unknown_command", "unknown command");
}

void print_first_run(Centre& centre) {
    if (centre.options().demo) return;
    const auto token = centre.sessions().first_run_token();
    if (!token) return;
    const char* scheme = centre.options().certificate_file.empty() ? "http" : "https";
    fmt::print("no administrator yet: open {}://{}/app/first-run#{} within 24 hours\n", scheme, centre.options().http.text(), *token);
}

}  // namespace

Value ask(const Options& options, const Value& request) {
    if (auto answer = ask_running_server(options.data_folder, request)) return std::move(*answer);
    Centre centre(options);
    return obey(centre, request);
}

int serve(const Options& options) {
    no_core_dumps();
    const sigset_t signals = block_end_signals();
    Centre centre(options);
    if (options.demo) demo::prepare(centre);
    if (options.prepare_only) return 0;
    std::optional<ControlServer> control;
    control.emplace(options.data_folder, [&centre](const Value& request) { return obey(centre, request); });
    centre.listen();
    fmt::print("{}\n", centre.listening_line());
    print_first_run(centre);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    log::info("app.stopping", {{"signal", std::int64_t{signal}}});
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the process at once
    control.reset();
    centre.drain();
    return 0;
}

int print_token(const Options& options, const std::string& login, int hours) {
    const Value answer = ask(options, Value::object({{"command", "token"}, {"login", login}, {"hours", hours}}));
    fmt::print("{}\n", answer["token"].text());
    return 0;
}

int add_client(const Options& options, const NewClient& client) {
    const std::string jwks = client.jwks_file.empty() ? std::string() : storage::read_file(client.jwks_file);
    const Value answer = ask(options, Value::object({{"command", "client_add"}, {"name", client.name}, {"role", client.role}, {"jwks", jwks}, {"audience", client.audience}}));
    fmt::print("client_id={}\n", answer["client_id"].text());
    if (jwks.empty()) fmt::print("client_secret={}\n", answer["client_secret"].text());
    return 0;
}

int revoke_client(const Options& options, const std::string& client) {
    ask(options, Value::object({{"command", "client_revoke"}, {"client", client}}));
    return 0;
}

int add_device(const Options& options, const Device& device) {
    const Value answer = ask(options, Value::object({{"command", "ae_add"},
                                                     {"title", device.title},
                                                     {"address", device.address},
                                                     {"port", device.port},
                                                     {"organisation", device.organisation},
                                                     {"issuer", device.issuer},
                                                     {"charset", device.charset},
                                                     {"mayStore", device.may_store}}));
    fmt::print("{} from {} belongs to {} ({})\n", answer["title"].text(), answer["address"].text(), answer["organisation"]["name"].text(),
               answer["organisation"]["resource"].text());
    if (!answer["local"].truth()) fmt::print("It calls over the network unencrypted: let only a closed network or a VPN reach the DICOM port.\n");
    return 0;
}

int list_devices(const Options& options) {
    const Value answer = ask(options, Value::object({{"command", "ae_list"}}));
    const auto said = [](const Value& time) { return time.is_null() ? std::string("never") : time.text(); };
    fmt::print("title\taddress\tport\torganisation\tcharset\tstores\tlast association\tobjects\tlast object\n");
    for (const Value& one : answer["devices"].items()) {
        fmt::print("{}\t{}\t{}\t{} {}\t{}\t{}\t{}\t{}\t{}\n", one["title"].text(), one["address"].text(), one["port"].text(),
                   one["organisation"]["resource"].text(), one["organisation"]["name"].text(), one["charset"].text(), one["mayStore"].truth() ? "yes" : "no",
                   said(one["lastAssociation"]), one["objects"].text(), said(one["lastObject"]));
    }
    return 0;
}

int remove_device(const Options& options, const std::string& title, const std::string& address) {
    ask(options, Value::object({{"command", "ae_remove"}, {"title", title}, {"address", address}}));
    return 0;
}

int verify_audit(const Options& options, std::int64_t from, const std::string& heads) {
    const auto database = storage::open_database(options.place_of("record"), storage::Durability::full);
    const auto report = access::verify_audit(*database, options.data_folder, from, {}, heads);
    for (const auto& defect : report.defects) fmt::print("{}\n", defect.text);
    if (!heads.empty()) {
        fmt::print("{}: {} signed heads, the last of row {}, {}\n", heads, report.heads_outside, report.last_outside,
                   report.last_outside_time.empty() ? "never" : report.last_outside_time);
    }
    fmt::print("{} rows, {} signed heads: {}\n", report.rows, report.heads, report.whole() ? "whole" : "DAMAGED");
    return report.whole() ? 0 : 1;
}

}  // namespace qiao::app
