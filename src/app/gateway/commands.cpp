#include "app/gateway/commands.hpp"

#include "app/control.hpp"
#include "app/gateway/door.hpp"
#include "app/gateway/reporter.hpp"
#include "app/signals.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "exchange/assertion_key.hpp"
#include "exchange/gateway_sender.hpp"
#include "imaging/dicom_server.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

namespace qiao::app::gateway {
namespace {

using json::Value;

/// `gateway.json`: where the centre is and who we are there.
struct Enrolment {
    exchange::HubAddress hub;
    exchange::HubIdentity identity;
    std::string name;
    std::string organisation;
};

std::string file_of(const Arguments& arguments) { return arguments.data_folder + "/gateway.json"; }

std::string text_of_error(const exchange::HubAnswer& answer) {
    const auto said = json::parse(answer.body);
    const std::string code = said ? (*said)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : std::string();
    return !answer.failure.empty() ? answer.failure : !code.empty() ? code : fmt::format("HTTP {}", answer.status);
}

Enrolment enrol(const Arguments& arguments, const exchange::AssertionKey& key) {
    Enrolment made{.hub = exchange::checked_hub({arguments.hub, arguments.ca_file})};
    const std::atomic<bool> stopping{false};
    exchange::HubLine line(made.hub, stopping);
    Value body;
    body.set("code", arguments.code);
    body.set("jwks", *json::parse(key.jwks()));
    const auto answer = line.request("POST", "/imaging/gateway/enrol", {{"Content-Type", "application/json"}}, body.dump());
    const auto said = json::parse(answer.body);
    if (answer.status != 200 || !said)
        throw Error(ErrorKind::unavailable, "gateway.not_enrolled", "the centre did not enrol this gateway: " + text_of_error(answer));
    made.identity = {(*said)["client"].text(), (*said)["audience"].text()};
    made.name = (*said)["name"].text();
    made.organisation = (*said)["organisation"].text();
    Value kept;
    kept.set("hub", made.hub.url);
    kept.set("caFile", made.hub.ca_file);
    kept.set("client", made.identity.client);
    kept.set("audience", made.identity.audience);
    kept.set("name", made.name);
    kept.set("organisation", made.organisation);
    storage::write_file_durably(file_of(arguments), kept.dump());
    return made;
}

Enrolment read_enrolment(const Arguments& arguments) {
    if (!std::filesystem::exists(file_of(arguments)))
        throw Error(ErrorKind::invalid, "gateway.not_enrolled", "not enrolled yet: --hub and --enrol with the code of the centre's page of gateways");
    const auto said = json::parse(storage::read_file(file_of(arguments)));
    if (!said) throw Error(ErrorKind::invalid, "gateway.not_enrolled", "gateway.json cannot be read");
    exchange::HubAddress hub{(*said)["hub"].text(), arguments.ca_file.empty() ? (*said)["caFile"].text() : arguments.ca_file};
    if (!arguments.hub.empty()) hub.url = arguments.hub;
    return {
        exchange::checked_hub(std::move(hub)), {(*said)["client"].text(), (*said)["audience"].text()}, (*said)["name"].text(), (*said)["organisation"].text()};
}

/// Of the queue; only this folder has the private half.
storage::SealingKeys sealing_keys(const std::string& folder) {
    const std::string path = folder + "/queue.key";
    if (std::filesystem::exists(path)) return storage::sealing_keys_of(from_hex(trim(storage::read_file(path))).value_or(""));
    const auto keys = storage::make_sealing_keys();
    storage::write_file_durably(path, to_hex(keys.secret));
    return keys;
}

Value obey(Reporter& reporter, exchange::GatewayQueue& queue, exchange::GatewaySender& sender, const Value& request) {
    const std::string& command = request["command"].text();
    if (command == "gateway_status") return reporter.status();
    if (command == "gateway_retry") {
        const int moved = queue.retry_refused();
        sender.wake();
        return Value::object({{"objects", moved}});
    }
    if (command == "gateway_discard") {
        if (!queue.discard(request["digest"].text())) throw Error(ErrorKind::not_found, "gateway.not_refused", "no refused object has this digest");
        return Value::object();
    }
    throw Error(ErrorKind::invalid, "control.unknown_command", "unknown command");
}

Value ask(const Arguments& arguments, const Value& request) {
    auto answer = ask_running_server(arguments.data_folder, request);
    if (!answer) throw Error(ErrorKind::unavailable, "gateway.not_running", "no gateway runs on this folder");
    return *std::move(answer);
}

}  // namespace

int serve(const Arguments& arguments) {
    no_core_dumps();
    const sigset_t signals = block_end_signals();
    storage::make_folder(arguments.data_folder);
    const storage::FolderLock lock(arguments.data_folder);
    const SystemClock clock;
    Metrics metrics;
    const auto key = exchange::AssertionKey::open(arguments.data_folder + "/gateway.key");
    const Enrolment enrolment = arguments.code.empty() ? read_enrolment(arguments) : enrol(arguments, key);
    exchange::GatewayQueue queue(arguments.data_folder, sealing_keys(arguments.data_folder));
    exchange::HubToken token(enrolment.identity, key, clock);
    exchange::GatewaySender sender(queue, enrolment.hub, token, clock, static_cast<std::uint64_t>(arguments.limit_kbit) * 1000 / 8);
    Door door(arguments.data_folder, queue, clock, [&sender] { sender.wake(); });
    Reporter reporter(door, queue, sender, enrolment.hub, token, clock);
    imaging::DicomServer dicom({.address = arguments.dicom.address,
                                .port = arguments.dicom.port,
                                .ae_title = arguments.title,
                                .listed = [&door](std::string_view title, std::string_view address) { return door.listed(title, address); }},
                               door, metrics);
    std::optional<ControlServer> control;
    control.emplace(arguments.data_folder, [&](const Value& request) { return obey(reporter, queue, sender, request); });
    dicom.start();
    fmt::print("listening dicom={}\ngateway \"{}\" of {}, centre {}\n", Endpoint{arguments.dicom.address, dicom.port()}.text(), enrolment.name,
               enrolment.organisation, enrolment.hub.url);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    log::info("app.stopping", {{"signal", std::int64_t{signal}}});
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the process at once
    control.reset();
    dicom.drain(std::chrono::seconds(10));
    sender.stop();
    reporter.stop();
    return 0;
}

int print_status(const Arguments& arguments) {
    const Value status = ask(arguments, Value::object({{"command", "gateway_status"}}));
    const auto said = [](const Value& value) { return value.is_null() || value.text().empty() ? std::string("-") : value.text(); };
    fmt::print("online\t{}\nproblem\t{}\nlast heard\t{}\nqueue\t{} objects, {} bytes, oldest {}\nspeed\t{} bytes/s\n", status["online"].truth() ? "yes" : "no",
               said(status["problem"]), said(status["lastHeard"]), status["queueObjects"].text(), status["queueBytes"].text(), said(status["oldest"]),
               status["bytesPerSecond"].text());
    fmt::print("sent\t{} objects, {} bytes, last {}\nlast error\t{} {}\ndisk\t{} %{}\nrefused\t{}\n", status["sentObjects"].text(), status["sentBytes"].text(),
               said(status["lastObject"]), said(status["lastError"]["code"]), said(status["lastError"]["at"]), status["diskPercent"].text(),
               status["full"].truth() ? ", full: scanners get 0xA700" : "", status["refusedCount"].text());
    for (const Value& one : status["refused"].items())
        fmt::print("refused\t{}\t{}\t{}\t{}\n", one["digest"].text(), one["title"].text(), one["reason"].text(), one["at"].text());
    for (const Value& one : status["devices"].items())
        fmt::print("device\t{}\t{}\t{} objects\tlast {}\n", one["title"].text(), one["address"].text(), one["objects"].text(), said(one["lastObject"]));
    for (const Value& one : status["callers"].items())
        fmt::print("turned away\t{}\t{}\t{} times\t{}\n", one["calling"].text(), one["address"].text(), one["count"].text(), one["reason"].text());
    return status["online"].truth() ? 0 : 1;
}

int retry(const Arguments& arguments) {
    fmt::print("{} objects are sent again\n", ask(arguments, Value::object({{"command", "gateway_retry"}}))["objects"].text());
    return 0;
}

int discard(const Arguments& arguments, const std::string& digest) {
    ask(arguments, Value::object({{"command", "gateway_discard"}, {"digest", digest}}));
    return 0;
}

}  // namespace qiao::app::gateway
