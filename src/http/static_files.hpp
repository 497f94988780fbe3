#pragma once

#include "http/router.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

/// The built web app from memory: hashed assets for ever, pages with a strict Content-Security-Policy and a fresh nonce.
/// Loaded once by the constructor; then any thread.
namespace qiao::http {

class StaticFiles {
public:
    /// Reads all files below `folder`, each with its `.br` and `.gz` sibling (at most 64 MiB in all). Throws
    /// Error(unavailable, "http.web_files") when the folder cannot be read or has no index.html.
    explicit StaticFiles(const std::string& folder);

    /// `/`, `/app` and all below it → index.html; `/<name>` → <name>.html; `/assets/…` and every other file at its path.
    /// `*this` outlives the router.
    void add_routes(Router& router) const;

    /// A file by its path below the folder, "assets/app-1a2b.js"; throws Error(not_found).
    [[nodiscard]] Response file(std::string_view path, const Request& request) const;
    /// An HTML file with `__CSP_NONCE__` replaced by a fresh nonce.
    [[nodiscard]] Response page(std::string_view path) const;

private:
    using Bytes = std::shared_ptr<const std::string>;
    struct File {
        Bytes plain;
        Bytes brotli;
        Bytes gzip;
        std::string etag;
        std::string_view content_type;
    };

    std::map<std::string, File, std::less<>> files_;
};

}  // namespace qiao::http
