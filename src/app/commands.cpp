#include "app/commands.hpp"

#include "access/audit.hpp"
#include "app/centre.hpp"
#include "app/control.hpp"
#include "app/demo/demo.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace qiao::app {
namespace {

using json::Value;

/// What the control socket offers; also carried out directly when no server runs.
Value obey(access::Sessions& sessions, const Value& request) {
    const std::string& command = request["command"].text();
    if (command == "token") {
        return Value::object({{"token", sessions.issue_token(request["login"].text(), std::chrono::hours(request["hours"].integer().value_or(12)))}});
    }
    if (command == "client_add") {
        const auto client = sessions.add_client(request["name"].text(), request["role"].text());
        return Value::object({{"client_id", client.id}, {"client_secret", client.secret}});
    }
    if (command == "client_revoke") {
        sessions.revoke_client(request["client"].text());
        return Value::object();
    }
    throw Error(ErrorKind::invalid, "control.unknown_command", "unknown command");
}

Value ask(const Options& options, const Value& request) {
    if (auto answer = ask_running_server(options.data_folder, request)) return std::move(*answer);
    Centre centre(options);
    return obey(centre.sessions(), request);
}

/// Signals are taken by sigwait in serve(): blocked before the first thread starts, so that every thread inherits it.
sigset_t block_end_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void no_core_dumps() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);  // a dump would hold patients' data
}

void print_first_run(Centre& centre) {
    if (centre.options().demo) return;
    const auto token = centre.sessions().first_run_token();
    if (!token) return;
    const char* scheme = centre.options().certificate_file.empty() ? "http" : "https";
    fmt::print("no administrator yet: open {}://{}/app/first-run#{} within 24 hours\n", scheme, centre.options().http.text(), *token);
}

}  // namespace

int serve(const Options& options) {
    no_core_dumps();
    const sigset_t signals = block_end_signals();
    Centre centre(options);
    if (options.demo) demo::prepare(centre);
    if (options.prepare_only) return 0;
    std::optional<ControlServer> control;
    control.emplace(options.data_folder, [&centre](const Value& request) { return obey(centre.sessions(), request); });
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

int add_client(const Options& options, const std::string& name, const std::string& role) {
    const Value answer = ask(options, Value::object({{"command", "client_add"}, {"name", name}, {"role", role}}));
    fmt::print("client_id={}\nclient_secret={}\n", answer["client_id"].text(), answer["client_secret"].text());
    return 0;
}

int revoke_client(const Options& options, const std::string& client) {
    ask(options, Value::object({{"command", "client_revoke"}, {"client", client}}));
    return 0;
}

int verify_audit(const Options& options, std::int64_t from) {
    const auto database = storage::open_sqlite(options.data_folder + "/record.db", storage::Durability::full);
    const auto report = access::verify_audit(*database, options.data_folder, from);
    for (const auto& defect : report.defects) fmt::print("{}\n", defect.text);
    fmt::print("{} rows, {} signed heads: {}\n", report.rows, report.heads, report.whole() ? "whole" : "DAMAGED");
    return report.whole() ? 0 : 1;
}

}  // namespace qiao::app
