#include "app/commands.hpp"
#include "base/error.hpp"
#include "storage/database.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <array>
#include <filesystem>

namespace qiao::app {
namespace {

/// Collects what is said and whether anything is wrong.
class Findings {
public:
    void good(const std::string& text) { fmt::print("ok       {}\n", text); }
    void note(const std::string& text) { fmt::print("note     {}\n", text); }
    void wrong(const std::string& text) {
        fmt::print("WRONG    {}\n", text);
        ++count_;
    }
    [[nodiscard]] int count() const { return count_; }

private:
    int count_ = 0;
};

void check_folder(const std::string& folder, Findings& findings) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) {
        findings.wrong("the data folder does not exist");
        return;
    }
    if ((status.st_mode & 0077) != 0) {
        findings.wrong(fmt::format("the data folder is open to other users (mode {:o}); make it 700", status.st_mode & 0777));
    } else {
        findings.good("the data folder belongs to its user alone");
    }
    struct statvfs volume {};
    if (::statvfs(folder.c_str(), &volume) == 0) {
        const double free_share = static_cast<double>(volume.f_bavail) / static_cast<double>(volume.f_blocks);
        const std::string text = fmt::format("{:.1f} GiB free on the volume ({:.0f} %)",
                                             static_cast<double>(volume.f_bavail) * static_cast<double>(volume.f_frsize) / (1 << 30), free_share * 100);
        if (free_share < 0.05)
            findings.wrong(text + "; new images are refused below 5 %");
        else
            findings.good(text);
    }
    const std::string key = folder + "/master.key";
    if (::stat(key.c_str(), &status) == 0) {
        if ((status.st_mode & 0377) != 0) findings.wrong("master.key is open to others; make it 400");
        findings.note("keep a copy of master.key away from this machine: without it no further signature can be made");
    }
}

void check_database(const std::string& file, Findings& findings) {
    if (!std::filesystem::exists(file)) {
        findings.note(std::filesystem::path(file).filename().string() + " does not exist yet");
        return;
    }
    const auto database = storage::open_sqlite(file, storage::Durability::full);
    const std::string name = std::filesystem::path(file).filename().string();
    if (database->is_whole())
        findings.good(name + " is whole");
    else
        findings.wrong(name + " is damaged: restore a backup");
}

}  // namespace

int check(const Options& options) {
    Findings findings;
    check_folder(options.data_folder, findings);
    for (const char* name : {"/record.db", "/imaging.db"}) check_database(options.data_folder + name, findings);
    return findings.count() == 0 ? 0 : 1;
}

}  // namespace qiao::app
