#include "storage/place.hpp"

#include <filesystem>

namespace qiao::storage {

bool is_on_server(std::string_view place) { return place.starts_with("postgres://") || place.starts_with("postgresql://"); }

std::string database_place(const std::string& folder, const std::string& server_url, const std::string& name) {
    return server_url.empty() ? folder + "/" + name + ".db" : server_url + "#" + name;
}

std::unique_ptr<Database> open_database(const std::string& place, Durability durability, const std::vector<std::string>& beside) {
    if (is_on_server(place)) {
        const std::size_t mark = place.rfind('#');
        return open_postgres(place.substr(0, mark), place.substr(mark + 1), durability);
    }
    std::vector<std::pair<std::string, std::string>> attach;
    for (const std::string& file : beside) attach.emplace_back(std::filesystem::path(file).stem().string(), file);
    return open_sqlite(place, durability, std::move(attach));
}

}  // namespace qiao::storage
