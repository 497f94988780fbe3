#include "storage/blob_store.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <sys/stat.h>

namespace qiao::storage {

BlobStore::BlobStore(std::string folder) : folder_(std::move(folder)) { make_folder(folder_); }

std::string BlobStore::path_of(std::string_view sha256_hex) const {
    const bool well_formed = sha256_hex.size() == 64 && sha256_hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!well_formed) throw Error(ErrorKind::not_found, "storage.no_blob", "no such blob");
    return folder_ + "/" + std::string(sha256_hex.substr(0, 2)) + "/" + std::string(sha256_hex);
}

std::string BlobStore::put(std::string_view bytes) {
    const std::string key = to_hex(sha256(bytes));
    const std::string path = path_of(key);
    struct stat status {};
    const bool present = ::stat(path.c_str(), &status) == 0 && static_cast<std::size_t>(status.st_size) == bytes.size();
    if (present) return key;  // was synced before it got its name
    const std::string folder = path.substr(0, path.rfind('/'));
    if (::stat(folder.c_str(), &status) != 0) {
        make_folder(folder);
        sync_folder(folder_);
    }
    write_file_durably(path, bytes);
    return key;
}

std::string BlobStore::get(std::string_view sha256_hex) const {
    const std::string path = path_of(sha256_hex);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) throw Error(ErrorKind::not_found, "storage.no_blob", "no such blob");
    std::string bytes = read_file(path);
    if (to_hex(sha256(bytes)) != sha256_hex) {
        log::error("storage.blob_damaged", {{"sha256", sha256_hex}});
        throw Error(ErrorKind::internal, "storage.blob_damaged", "a stored file does not match its digest");
    }
    return bytes;
}

}  // namespace qiao::storage
