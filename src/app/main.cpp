#include "app/backup/commands.hpp"
#include "app/bulk_commands.hpp"
#include "app/ca_commands.hpp"
#include "app/commands.hpp"
#include "app/fhirpath.hpp"
#include "app/gateway/commands.hpp"
#include "app/validate_command.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <iostream>

namespace {

using qiao::app::Options;

/// The texts of the command line; converted after parsing, so that a bad one is said like any other error.
struct Arguments {
    Options options;
    std::string http, dicom, user, name, role = "integration", client, jwks, audience;
    qiao::app::Device device;
    bool no_store = false;
    qiao::app::CaInput certificate;
    qiao::app::backup::RestoreInput restore;
    qiao::app::gateway::Arguments gateway;
    std::string discard;
    bool status = false, retry = false;
    std::string scratch;
    bool unsealed = false, replace = false;
    std::vector<std::string> files;
    qiao::app::ExportInput exported;
    int hours = 12;
    std::int64_t from = 1;
    std::string heads;
};

void add_data(CLI::App& command, Arguments& arguments) {
    command.add_option("--data", arguments.options.data_folder, "data folder")->required();
    command.add_option("--database", arguments.options.database, "postgres://… instead of SQLite files in the data folder")->envname("QIAO_DATABASE");
}

void add_serving(CLI::App& command, Arguments& arguments) {
    add_data(command, arguments);
    command.add_option("--http", arguments.http, "address and port for HTTP, default 127.0.0.1:8080; port 0 takes a free one");
    command.add_option("--dicom", arguments.dicom, "address and port for DICOM, default 127.0.0.1:11112");
    command.add_option("--tls-cert", arguments.options.certificate_file, "PEM certificate chain; read again when it changes");
    command.add_option("--tls-key", arguments.options.key_file, "PEM private key");
    command.add_option("--config", arguments.options.config_file, "TOML file, see docs/operations.md");
}

/// The configuration file first, then what the command line says.
Options merged(const Arguments& arguments, bool demo) {
    Options options = arguments.options;
    if (!options.config_file.empty()) {
        qiao::app::read_config(options);
        if (!arguments.options.certificate_file.empty()) options.certificate_file = arguments.options.certificate_file;
        if (!arguments.options.key_file.empty()) options.key_file = arguments.options.key_file;
        if (!arguments.options.database.empty()) options.database = arguments.options.database;
    }
    if (!arguments.http.empty()) options.http = qiao::app::parse_endpoint(arguments.http);
    if (!arguments.dicom.empty()) options.dicom = qiao::app::parse_endpoint(arguments.dicom);
    options.demo = demo;
    qiao::app::check_safe(options);
    return options;
}

void add_ae(CLI::App& program, Arguments& arguments, int& status) {
    auto& ae = *program.add_subcommand("ae", "DICOM devices that may call: which AE title from which address is whose");
    ae.require_subcommand(1);
    add_data(ae, arguments);
    auto& add = *ae.add_subcommand("add", "let a device in");
    auto& list = *ae.add_subcommand("list", "say which devices are known and when they last called");
    auto& remove = *ae.add_subcommand("remove", "refuse a device from now on");
    for (auto* command : {&ae, &add, &list, &remove}) command->fallthrough();
    for (auto* command : {&add, &remove}) {
        command->add_option("--title", arguments.device.title, "its AE title, at most 16 characters")->required();
        command->add_option("--address", arguments.device.address, "numeric address from which it calls")->required();
    }
    add.add_option("--organisation", arguments.device.organisation, "whose it is: Organization/… or the exact name")->required();
    add.add_option("--port", arguments.device.port, "port on which it answers C-ECHO, where known")->check(CLI::Range(1, 65535));
    add.add_option("--issuer", arguments.device.issuer, "issuer of its patient ids; default: the institution's own numbers");
    add.add_option("--charset", arguments.device.charset, "character set of its unlabelled text, for example GB18030");
    add.add_flag("--no-store", arguments.no_store, "it may test the line (C-ECHO) but send no images");
    add.callback([&] {
        arguments.device.may_store = !arguments.no_store;
        status = qiao::app::add_device(arguments.options, arguments.device);
    });
    list.callback([&] { status = qiao::app::list_devices(arguments.options); });
    remove.callback([&] { status = qiao::app::remove_device(arguments.options, arguments.device.title, arguments.device.address); });
}

void add_ca(CLI::App& program, Arguments& arguments, int& status) {
    auto& ca = *program.add_subcommand("ca", "certificates of the keys that sign: of people, of institutions' seals, and the authorities that are trusted");
    ca.require_subcommand(1);
    add_data(ca, arguments);
    ca.add_option("--config", arguments.options.config_file, "TOML file, see docs/operations.md");
    const auto act = [&](const char* name, const char* help) {
        auto* command = ca.add_subcommand(name, help);
        command->fallthrough();
        command->callback([&arguments, &status, name] {
            arguments.certificate.act = name;
            status = qiao::app::certificates(merged(arguments, false), arguments.certificate);
        });
        return command;
    };
    auto& in = arguments.certificate;
    const auto holder = [&](CLI::App* command) {
        auto* person = command->add_option("--person", in.person, "login or Practitioner/…");
        command->add_option("--organisation", in.organisation, "the seal of this institution: Organization/… or its exact name")->excludes(person);
    };
    const auto file = [&](CLI::App* command, const char* help) { command->add_option("--file", in.file, help)->required()->check(CLI::ExistingFile); };
    act("list", "keys, trusted authorities and seals");
    act("authority", "print the certificate of the built-in authority");
    holder(act("csr", "print a certificate request (PKCS#10) over the key that signs, over a new one when that was revoked"));
    holder(act("built-in", "give up the certificate of another authority: a new key of the built-in one signs from now on"));
    auto* import = act("import", "take the certificate that an authority made of the request");
    holder(import);
    file(import, "PEM: the certificate, and what lies between it and a trusted authority");
    auto* trust = act("trust", "trust another authority from now on");
    file(trust, "PEM: its certificates");
    trust->add_option("--name", in.name, "as it is shown on paper and on the verification page")->required();
    trust->add_flag("--licensed", in.licensed, "it is licensed by law: paper does not say \"integrity only\" any more");
    auto* distrust = act("distrust", "forget an authority that no certificate here comes from");
    auto* crl = act("crl", "take its revocation list (CRL)");
    for (auto* command : {distrust, crl}) command->add_option("--id", in.id, "number of the authority, as in the list")->required();
    file(crl, "PEM or DER");
    auto* revoke = act("revoke", "what the key signs from then on is worth nothing");
    holder(revoke);
    revoke->add_option("--reason", in.reason, "why, kept and shown")->required();
    revoke->add_option("--from", in.from, "time with zone, for example 2026-11-21T08:00:00Z; default: now");
    auto* seal = act("seal", "let an institution seal what its people sign; without --for it seals nothing more");
    seal->add_option("--organisation", in.organisation, "Organization/… or its exact name")->required();
    seal->add_option("--for", in.meanings, "request, approval, part, opinion, amendment, receipt")->delimiter(',');
}

void add_backup(CLI::App& program, Arguments& arguments, int& status) {
    namespace backup = qiao::app::backup;
    auto& make = *program.add_subcommand("backup", "copy everything of a centre, running or not, into a folder, sealed to its recovery key");
    add_data(make, arguments);
    make.add_option("--to", arguments.restore.folder, "folder of the backups; what it has already is not copied again")->required();
    make.add_flag("--unsealed", arguments.unsealed, "without a recovery key: readable for whoever has the folder, and without the centre's keys");
    make.callback([&] { status = backup::make_by_hand(arguments.options, arguments.restore.folder, arguments.unsealed); });

    auto& key = *program.add_subcommand("backup-key", "the recovery key that backups are sealed to");
    key.require_subcommand(1);
    auto& make_key = *key.add_subcommand("new", "print the private half once, for the security side; the data folder keeps the public half");
    add_data(make_key, arguments);
    make_key.add_flag("--replace", arguments.replace, "another key for the backups from now on; older ones still need the old one");
    make_key.callback([&] { status = backup::make_key(arguments.options, arguments.replace); });

    auto& verify = *program.add_subcommand("verify-backup", "restore a backup into a scratch folder and check all of it; status 1 when it is not whole");
    auto& restore = *program.add_subcommand("restore", "make a new data folder from a backup");
    for (auto* command : {&verify, &restore}) {
        command->add_option("--from", arguments.restore.folder, "folder of the backups")->required();
        command->add_option("--key", arguments.restore.key_file, "file with the private half of the recovery key");
        command->add_option("--keys", arguments.restore.keys_folder, "folder with copies of master.key and audit-head.key, for a backup that is not sealed");
        command->add_option("--backup", arguments.restore.id, "which one, as under backups/; default: the newest");
    }
    verify.add_option("--scratch", arguments.scratch, "empty folder with room for the whole centre; emptied at the end; default: below the temporary folder");
    verify.add_option("--data", arguments.options.data_folder, "data folder of the centre that is told of the result, where it is on this machine");
    verify.callback([&] {
        const auto& in = arguments.restore;
        status = backup::print_verification({in.folder, in.id, in.key_file, in.keys_folder, arguments.scratch}, arguments.options.data_folder);
    });
    restore.add_option("--data", arguments.restore.data_folder, "data folder to make; must not exist or be empty")->required();
    restore.add_flag("--accept-damage", arguments.restore.accept_damage, "restore what is whole even when some files are not");
    restore.callback([&] { status = backup::print_restore(arguments.restore); });
}

void add_gateway(CLI::App& program, Arguments& arguments, int& status) {
    namespace gateway = qiao::app::gateway;
    auto& command = *program.add_subcommand("gateway", "take images from the scanners of this network and hand them over to a centre");
    auto& to = arguments.gateway;
    command.add_option("--data", to.data_folder, "folder of the gateway: its keys and its queue")->required();
    command.add_option("--hub", to.hub, "address of the centre, https://host; remembered when it has enrolled");
    command.add_option("--enrol", to.code, "code of the centre's page of gateways, the first time")->needs("--hub");
    command.add_option("--ca", to.ca_file, "PEM file with the authority of the centre's certificate; default: the system's");
    command.add_option("--dicom", arguments.dicom, "address and port for the scanners, default 0.0.0.0:11112; port 0 takes a free one");
    command.add_option("--title", to.title, "AE title by which the scanners call it, default QIAO");
    command.add_option("--limit-kbit", to.limit_kbit, "kbit/s that sending may use, so that the line stays of use to others")
        ->check(CLI::Range(16, 10'000'000));
    command.add_flag("--status", arguments.status, "say how the running gateway is; status 1 when it is not connected");
    command.add_flag("--retry", arguments.retry, "let the running gateway send again what the centre refused");
    command.add_option("--discard", arguments.discard, "let the running gateway remove one refused object, by its digest");
    command.callback([&] {
        if (!arguments.dicom.empty()) to.dicom = qiao::app::parse_endpoint(arguments.dicom);
        if (arguments.status) return void(status = gateway::print_status(to));
        if (arguments.retry) return void(status = gateway::retry(to));
        if (!arguments.discard.empty()) return void(status = gateway::discard(to, arguments.discard));
        status = gateway::serve(to);
    });
}

void add_bulk(CLI::App& program, Arguments& arguments, int& status) {
    auto& take_in = *program.add_subcommand("import", "take FHIR resources in, while the centre serves or not, see docs/bulk-data.md; status 1 when any was refused");
    add_data(take_in, arguments);
    take_in.add_option("FILE", arguments.files, "NDJSON, one resource or Bundle a line; a file that ends in .json is one Bundle or resource")
        ->required()
        ->check(CLI::ExistingFile);
    take_in.callback([&] { status = qiao::app::import_files(arguments.options, arguments.files); });

    auto& give_out = *program.add_subcommand("export", "write the record as NDJSON, as it was at one moment, while the centre serves or not");
    add_data(give_out, arguments);
    give_out.add_option("--to", arguments.exported.folder, "folder for the files, default: the current one; what is there is not overwritten");
    give_out.add_option("--type", arguments.exported.types, "resource types, default: all")->delimiter(',');
    give_out.add_option("--since", arguments.exported.since, "only what was written then or later, and what was deleted: a FHIR date or instant");
    give_out.callback([&] { status = qiao::app::export_files(arguments.options, arguments.exported); });
}

void add_fhirpath(CLI::App& program, int& status) {
    auto& command = *program.add_subcommand("fhirpath", "evaluate FHIRPath expressions: JSON lines in, JSON lines out, see docs/fhirpath.md");
    command.callback([&] { status = qiao::app::evaluate_lines(std::cin, std::cout); });
}

int run(int argc, char** argv) {
    CLI::App program{"Qiao, an open telemedicine centre"};
    program.set_version_flag("--version", std::string("qiao ") + QIAO_VERSION);
    program.require_subcommand(1);
    program.set_help_all_flag("--help-all", "help of every command");
    Arguments arguments;
    int status = 0;

    auto& serve = *program.add_subcommand("serve", "serve a centre");
    add_serving(serve, arguments);
    serve.callback([&] { status = qiao::app::serve(merged(arguments, false)); });

    auto& demo = *program.add_subcommand("demo", "serve the demo network: invented people and records, loopback only");
    add_serving(demo, arguments);
    demo.add_flag("--prepare-only", arguments.options.prepare_only, "make the demo network and stop");
    demo.callback([&] { status = qiao::app::serve(merged(arguments, true)); });

    auto& token = *program.add_subcommand("token", "print a bearer token for a person");
    add_data(token, arguments);
    token.add_option("--user", arguments.user, "login")->required();
    token.add_option("--hours", arguments.hours, "how long it is valid")->check(CLI::Range(1, 24 * 365));
    token.callback([&] { status = qiao::app::print_token(arguments.options, arguments.user, arguments.hours); });

    auto& client = *program.add_subcommand("client", "clients of other systems");
    client.require_subcommand(1);
    auto& add = *client.add_subcommand("add", "print a client id and secret for POST /oauth/token");
    auto& revoke = *client.add_subcommand("revoke", "end a client and its tokens");
    add_data(client, arguments);
    client.fallthrough();
    add.fallthrough();
    revoke.fallthrough();
    add.add_option("--name", arguments.name, "what it is")->required();
    add.add_option("--role", arguments.role, "integration: the whole record, audited; operator: SearchParameters; metrics: /metrics only");
    add.add_option("--jwks", arguments.jwks, "file with its public keys (JWK Set): signs its requests instead of a secret");
    add.add_option("--audience", arguments.audience, "with --jwks: what its signed requests name, the address of /oauth/token");
    add.callback([&] { status = qiao::app::add_client(arguments.options, {arguments.name, arguments.role, arguments.jwks, arguments.audience}); });
    revoke.add_option("--id", arguments.client, "client id")->required();
    revoke.callback([&] { status = qiao::app::revoke_client(arguments.options, arguments.client); });

    add_ae(program, arguments, status);
    add_ca(program, arguments, status);

    auto& validate = *program.add_subcommand("validate", "check FHIR resources: one JSON a line in, one OperationOutcome a line out");
    validate.callback([&] { status = qiao::app::validate_lines(std::cin, std::cout); });

    auto& check = *program.add_subcommand("check", "say what is wrong or unsafe about a data folder; status 1 when something is");
    add_serving(check, arguments);
    check.callback([&] { status = qiao::app::check(merged(arguments, false)); });

    auto& verify = *program.add_subcommand("verify-audit", "check the audit chain; names altered, missing and reordered rows");
    add_data(verify, arguments);
    verify.add_option("--from", arguments.from, "first row");
    verify.add_option("--heads", arguments.heads, "a file of heads that was kept elsewhere (audit_heads_to), compared too")->check(CLI::ExistingFile);
    verify.callback([&] { status = qiao::app::verify_audit(arguments.options, arguments.from, arguments.heads); });

    add_backup(program, arguments, status);
    add_gateway(program, arguments, status);
    add_bulk(program, arguments, status);
    add_fhirpath(program, status);

    CLI11_PARSE(program, argc, argv);
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const qiao::Error& error) {
        fmt::print(stderr, "qiao: {} ({})\n", error.what(), error.code());
    } catch (const std::exception& error) {
        fmt::print(stderr, "qiao: {}\n", error.what());
    }
    return 1;
}
