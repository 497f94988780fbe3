#include "access/master_key.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "storage/file.hpp"

#include <unistd.h>

namespace qiao::access {
namespace {

constexpr std::size_t kMasterKey_bytes = 32;

bool is_in_use(storage::Database& database) {
    auto snapshot = database.read();
    auto rows = snapshot->connection().query("SELECT 1 FROM access_signing_key UNION ALL SELECT 1 FROM access_factor LIMIT 1");
    return rows.next();
}

}  // namespace

std::string open_master_key(storage::Database& database, const std::string& folder) {
    const std::string file = folder + "/master.key";
    if (::access(file.c_str(), F_OK) == 0) {
        std::string key = storage::read_file(file);
        if (key.size() != kMasterKey_bytes) throw Error(ErrorKind::internal, "signing.bad_master_key", "master.key is damaged");
        return key;
    }
    if (is_in_use(database)) throw Error(ErrorKind::internal, "signing.bad_master_key", "master.key is missing: put its copy back");
    std::string key = random_bytes(kMasterKey_bytes);
    storage::make_folder(folder);
    storage::write_file_durably(file, key, 0400);
    return key;
}

}  // namespace qiao::access
