#include "http/static_files.hpp"

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace qiao::http {
namespace {

constexpr std::size_t kAllFiles_bytes = 64U << 20U;
constexpr std::string_view kNoncePlaceholder = "__CSP_NONCE__";
constexpr std::string_view kNotFound = "no such file";

struct TypeOfEnding {
    std::string_view ending;
    std::string_view content_type;
};

constexpr std::array kTypes = {
    TypeOfEnding{".html", "text/html; charset=utf-8"},
    TypeOfEnding{".js", "text/javascript; charset=utf-8"},
    TypeOfEnding{".mjs", "text/javascript; charset=utf-8"},
    TypeOfEnding{".css", "text/css; charset=utf-8"},
    TypeOfEnding{".json", "application/json"},
    TypeOfEnding{".webmanifest", "application/manifest+json"},
    TypeOfEnding{".svg", "image/svg+xml"},
    TypeOfEnding{".png", "image/png"},
    TypeOfEnding{".jpg", "image/jpeg"},
    TypeOfEnding{".webp", "image/webp"},
    TypeOfEnding{".ico", "image/x-icon"},
    TypeOfEnding{".woff2", "font/woff2"},
    TypeOfEnding{".wasm", "application/wasm"},
    TypeOfEnding{".txt", "text/plain; charset=utf-8"},
    TypeOfEnding{".mp3", "audio/mpeg"},
    TypeOfEnding{".ogg", "audio/ogg"},
};

std::string_view type_of(std::string_view path) {
    for (const auto& row : kTypes) {
        if (path.ends_with(row.ending)) return row.content_type;
    }
    return "application/octet-stream";
}

/// The one policy of the app; a worker's file carries it too, because a worker takes its policy from its own answer.
std::string content_security_policy(std::string_view nonce) {
    std::string policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'";
    if (!nonce.empty()) policy.append(" 'nonce-").append(nonce).append("'");
    policy +=
        "; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; report-uri /csp-report";
    return policy;
}

/// Of a file that is a part of a page: opened by itself it may nothing. Short, because on a thin line each header is paid for.
constexpr std::string_view kPartPolicy = "default-src 'none'; frame-ancestors 'none'";

void protect(Response& response) {
    response.with("Cross-Origin-Resource-Policy", "same-origin").with("Referrer-Policy", "no-referrer");
}

bool accepts(const Request& request, std::string_view coding) {
    const std::string accepted = lower(request.header("accept-encoding"));
    for (const std::string_view item : split(accepted, ',')) {
        const auto semicolon = item.find(';');
        if (trim(item.substr(0, semicolon)) != coding) continue;
        const std::string_view weight = semicolon == std::string_view::npos ? std::string_view() : trim(item.substr(semicolon + 1));
        return weight != "q=0" && weight != "q=0.0";
    }
    return false;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in) throw Error(ErrorKind::unavailable, "http.web_files", "a file of the web app cannot be read");
    return bytes;
}

}  // namespace

StaticFiles::StaticFiles(const std::string& folder) {
    std::error_code failed;
    std::size_t total = 0;
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, failed); !failed && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(failed)) {
        if (!entry->is_regular_file()) continue;
        std::string name = std::filesystem::relative(entry->path(), folder).generic_string();
        auto bytes = std::make_shared<const std::string>(read_file(entry->path()));
        total += bytes->size();
        if (total > kAllFiles_bytes) throw Error(ErrorKind::unavailable, "http.web_files", "the files of the web app are over 64 MiB");
        const auto without_ending = [&name] { return name.substr(0, name.size() - 3); };
        if (name.ends_with(".br")) {
            files_[without_ending()].brotli = std::move(bytes);
        } else if (name.ends_with(".gz")) {
            files_[without_ending()].gzip = std::move(bytes);
        } else {
            File& file = files_[name];
            file.content_type = type_of(name);
            file.etag = "\"" + to_hex(sha256(*bytes).substr(0, 12)) + "\"";
            file.plain = std::move(bytes);
        }
    }
    std::erase_if(files_, [](const auto& item) { return !item.second.plain; });  // a packed file without its original
    if (failed || !files_.contains("index.html")) throw Error(ErrorKind::unavailable, "http.web_files", "no built web app in " + folder);
}

Response StaticFiles::file(std::string_view path, const Request& request) const {
    const auto found = files_.find(path);
    if (found == files_.end()) throw Error(ErrorKind::not_found, "http.no_file", std::string(kNotFound));
    const File& file = found->second;
    Response response{.content_type = std::string(file.content_type)};
    response.with("Cache-Control", path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache")
        .with("ETag", file.etag)
        .with("Vary", "Accept-Encoding");
    const bool is_worker = path == "sw.js" || path.find("Worker") != std::string_view::npos;
    response.with("Content-Security-Policy", is_worker ? content_security_policy({}) : std::string(kPartPolicy));
    protect(response);
    if (request.header("if-none-match") == file.etag) {
        response.status = 304;
        return response;
    }
    Bytes bytes = file.plain;
    if (file.brotli && accepts(request, "br")) {
        bytes = file.brotli;
        response.with("Content-Encoding", "br");
    } else if (file.gzip && accepts(request, "gzip")) {
        bytes = file.gzip;
        response.with("Content-Encoding", "gzip");
    }
    response.parts.emplace_back(std::move(bytes));
    return response;
}

Response StaticFiles::page(std::string_view path) const {
    const auto found = files_.find(path);
    if (found == files_.end() || !path.ends_with(".html")) throw Error(ErrorKind::not_found, "http.no_file", std::string(kNotFound));
    const std::string nonce = to_base64url(random_bytes(18));
    const std::string& source = *found->second.plain;
    Response response{.content_type = std::string(found->second.content_type)};
    response.body.reserve(source.size() + 64);
    std::size_t start = 0;
    for (auto at = source.find(kNoncePlaceholder); at != std::string::npos; at = source.find(kNoncePlaceholder, start)) {
        response.body.append(source, start, at - start).append(nonce);
        start = at + kNoncePlaceholder.size();
    }
    response.body.append(source, start);
    response.with("Cache-Control", "no-cache").with("Content-Security-Policy", content_security_policy(nonce));
    response.with("Cross-Origin-Opener-Policy", "same-origin");
    response.with("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), geolocation=(), payment=(), usb=()");
    protect(response);
    return response;
}

void StaticFiles::add_routes(Router& router) const {
    const RouteOptions open{.scope = Scope::open};
    for (const char* pattern : {"/", "/app", "/app/{path*}"}) {
        router.add(Method::get, pattern, open, [this](const Request&) { return page("index.html"); });
    }
    router.add(Method::get, "/assets/{path*}", open, [this](const Request& request) { return file("assets/" + std::string(request.param("path")), request); });
    for (const auto& [name, content] : files_) {
        if (name == "index.html" || name.starts_with("assets/")) continue;
        if (name.ends_with(".html")) {
            router.add(Method::get, "/" + name.substr(0, name.size() - 5), open, [this, path = name](const Request&) { return page(path); });
        } else {
            router.add(Method::get, "/" + name, open, [this, path = name](const Request& request) { return file(path, request); });
        }
    }
}

}  // namespace qiao::http
