#include "app/options.hpp"

#include "app/oidc_config.hpp"
#include "base/error.hpp"
#include "storage/place.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace qiao::app {
namespace {

[[noreturn]] void bad_config(const std::string& message) { throw Error(ErrorKind::invalid, "app.bad_config", message); }

/// An origin: https://host[:port], or http:// on this machine. What is printed in QR codes must be neither open to
/// listeners nor lead elsewhere.
std::string checked_public_url(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    const bool secure = url.starts_with("https://");
    const std::string_view rest = std::string_view(url).substr(secure ? 8 : url.starts_with("http://") ? 7 : 0);
    constexpr std::string_view kHost = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    const bool bracketed = rest.starts_with('[') && rest.find(']') != std::string_view::npos;
    const std::size_t host_end = bracketed ? rest.find(']') + 1 : std::min(rest.find(':'), rest.size());
    const std::string_view host = rest.substr(0, host_end);
    const std::string_view port = rest.substr(host_end);
    const bool host_fine = !host.empty() && (bracketed ? host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos
                                                       : host.find_first_not_of(kHost) == std::string_view::npos);
    const bool port_fine =
        port.empty() || (port.size() > 1 && port.size() <= 6 && port[0] == ':' && port.substr(1).find_first_not_of("0123456789") == std::string_view::npos);
    const bool here = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    if (rest.size() == url.size() || !host_fine || !port_fine || url.size() > 255 || !(secure || here)) {
        bad_config("public_url: https://host or https://host:port is expected; http only for 127.0.0.1, [::1] or localhost");
    }
    return url;
}

/// "02:30"
std::chrono::minutes time_of_day(const std::string& text) {
    const auto digits = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9' && text[at + 1] >= '0' && text[at + 1] <= '9'; };
    if (text.size() == 5 && text[2] == ':' && digits(0) && digits(3)) {
        const int hours = (text[0] - '0') * 10 + text[1] - '0';
        const int minutes = (text[3] - '0') * 10 + text[4] - '0';
        if (hours < 24 && minutes < 60) return std::chrono::hours(hours) + std::chrono::minutes(minutes);
    }
    bad_config("backup_at: a time of day is expected, like \"02:30\"");
}

void read_key(Options& options, std::string_view name, const toml::node& node) {
    const auto text = [&] {
        const auto value = node.value_exact<std::string>();
        if (!value) bad_config(fmt::format("{}: a text is expected (line {})", name, node.source().begin.line));
        return *value;
    };
    const auto number = [&](std::int64_t low, std::int64_t high) {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < low || *value > high) {
            bad_config(fmt::format("{}: a number from {} to {} is expected (line {})", name, low, high, node.source().begin.line));
        }
        return static_cast<int>(*value);
    };
    if (name == "http")
        options.http = parse_endpoint(text());
    else if (name == "dicom")
        options.dicom = parse_endpoint(text());
    else if (name == "tls_cert")
        options.certificate_file = text();
    else if (name == "tls_key")
        options.key_file = text();
    else if (name == "database")
        options.database = text();
    else if (name == "zone")
        options.zone = text();
    else if (name == "pack")
        options.pack = text();
    else if (name == "public_url")
        options.public_url = checked_public_url(text());
    else if (name == "validation") {
        const std::string level = text();
        if (level != "structure" && level != "full") bad_config("validation: structure or full");
        options.write_level = level == "full" ? record::WriteLevel::full : record::WriteLevel::structure;
    } else if (name == "second_factor") {
        options.second_factor = text();
        if (options.second_factor != "required" && options.second_factor != "offered") bad_config("second_factor: required or offered");
    } else if (name == "audit_heads_to")
        options.audit_heads_to = text();
    else if (name == "backup_to")
        options.backup_to = text();
    else if (name == "backup_at")
        options.backup_at = time_of_day(text());
    else if (name == "backup_keep")
        options.backup_keep = number(1, 1000);
    else if (name == "io_threads")
        options.io_threads = number(1, 64);
    else if (name == "workers")
        options.workers = number(0, 256);
    else
        bad_config(fmt::format("unknown key {} (line {})", name, node.source().begin.line));
}

/// [signing] algorithm = "p256" or "sm2"
void read_signing(Options& options, const toml::node& node) {
    const toml::table* table = node.as_table();
    const auto text = table == nullptr || table->size() != 1 ? std::nullopt
                      : table->get("algorithm") == nullptr   ? std::nullopt
                                                             : (*table)["algorithm"].value<std::string>();
    const auto algorithm = text ? access::key_algorithm_of(*text) : std::nullopt;
    if (!algorithm) bad_config(fmt::format("[signing]: algorithm = \"p256\" or \"sm2\" is expected (line {})", node.source().begin.line));
    options.signing_algorithm = *algorithm;
}

}  // namespace

std::string Endpoint::text() const {
    return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port) : fmt::format("[{}]:{}", address, port);
}

std::string Options::place_of(const std::string& name) const { return storage::database_place(data_folder, database, name); }

Endpoint parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) throw Error(ErrorKind::invalid, "app.bad_address", fmt::format("not ADDRESS:PORT: {}", text));
    Endpoint endpoint;
    std::string_view address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    endpoint.address = address == "localhost" ? "127.0.0.1" : std::string(address);
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (address.empty() || error != std::errc{} || end != port.data() + port.size()) {
        throw Error(ErrorKind::invalid, "app.bad_address", fmt::format("not ADDRESS:PORT: {}", text));
    }
    return endpoint;
}

void read_config(Options& options) {
    try {
        const toml::table table = toml::parse_file(options.config_file);
        for (const auto& [key, node] : table) {
            if (key.str() == "signing")
                read_signing(options, node);
            else if (key.str() != "notify" && key.str() != "oidc" && key.str() != "subscriptions")
                read_key(options, key.str(), node);
        }
        options.notify = exchange::read_notify(options.config_file);
        options.subscriptions = exchange::read_rest_hook(options.config_file);
        read_oidc(options);
    } catch (const toml::parse_error& error) {
        bad_config(fmt::format("{}:{}:{}: {}", options.config_file, error.source().begin.line, error.source().begin.column, error.description()));
    }
}

void check_safe(const Options& options) {
    const auto refuse = [](const char* why) { throw Error(ErrorKind::invalid, "app.unsafe", why); };
    if (options.certificate_file.empty() != options.key_file.empty()) refuse("--tls-cert and --tls-key go together");
    if (options.demo && !(options.http.loopback() && options.dicom.loopback())) refuse("demo listens on loopback only: it lets anybody sign in as anybody");
    if (!options.http.loopback() && options.certificate_file.empty()) refuse("an address other than loopback needs --tls-cert and --tls-key");
    if (!options.database.empty() && !storage::is_on_server(options.database))
        refuse("--database is postgres://…; without it the data folder holds the records");
    if (!options.database.empty() && !options.backup_to.empty())
        refuse("backup_to copies no PostgreSQL database: nobody shall believe in a backup that is not made. Use its own tools (docs/operations.md) and take the line out");
}

Shared find_shared() {
    namespace fs = std::filesystem;
    const fs::path binary = fs::read_symlink("/proc/self/exe");
    const fs::path checkout = binary.parent_path().parent_path().parent_path();  // build/<preset>/qiao
    if (fs::exists(checkout / "packs") && fs::exists(checkout / "demo")) {
        return {(checkout / "web" / "dist").string(), (checkout / "demo").string(), (checkout / "packs").string()};
    }
    const fs::path share = binary.parent_path().parent_path() / "share" / "qiao";
    return {(share / "web").string(), (share / "demo").string(), (share / "packs").string()};
}

}  // namespace qiao::app
