#pragma once

#include "../storage/test_database.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/time.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

/// A record on a fresh database file of its own, for tests.
namespace qiao::record::testing {

class Folder {
public:
    Folder() {
        char path[] = "/tmp/qiao_record_XXXXXX";
        path_ = ::mkdtemp(path);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string file() const { return path_ + "/record.db"; }

private:
    std::string path_;
};

template <class Call>
std::string code_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return std::string(error.code());
    }
    return "";
}

/// The ids in their order; included ones with a "+".
inline std::string joined(const SearchResult& result) {
    std::string text;
    for (const Match& match : result.matches) text += (text.empty() ? "" : " ") + std::string(match.included ? "+" : "") + match.resource.id;
    return text;
}

struct Store {
    /// @param beside  another node of the same centre: both have one database
    explicit Store(const Store* beside = nullptr, RecordOptions settings = {})
        : place(beside == nullptr ? folder.file() : beside->place), options(std::move(settings)) {}

    Folder folder;
    std::string place;
    RecordOptions options;
    ShiftedClock clock;
    Metrics metrics;
    std::unique_ptr<storage::Database> database = open();
    std::unique_ptr<storage::Writer> writer = std::make_unique<storage::Writer>(*database, clock, metrics);
    std::unique_ptr<Record> record = open_record(*database, *writer, clock, metrics, options);

    std::unique_ptr<storage::Database> open() {
        auto opened = qiao::testing::open_database(place);
        opened->migrate(record_migrations());
        return opened;
    }
    /// As after a restart of the process.
    void reopen() {
        record.reset();
        writer.reset();
        database.reset();
        database = open();
        writer = std::make_unique<storage::Writer>(*database, clock, metrics);
        record = open_record(*database, *writer, clock, metrics, options);
    }

    std::unique_ptr<Work> begin() { return record->begin(ReadFilter::system("test"), Actor::system("TREAT")); }
    std::unique_ptr<Reader> read() { return record->read(ReadFilter::system("test")); }

    /// Stores one resource from its text; "Type/id".
    std::string put(std::string_view json) {
        auto work = begin();
        std::string reference = work->create_text(json);
        work->commit();
        return reference;
    }
    std::string find(std::string_view type, std::string_view query) { return joined(read()->search(type, query)); }
    /// The code of the error; empty when there is none.
    std::string refused(std::string_view type, std::string_view query) {
        return code_of([&] { read()->search(type, query); });
    }
    /// Until all index jobs are done.
    void wait_for_index() {
        for (int look = 0; look < 3000 && rows("SELECT count(*) FROM index_job") > 0; ++look) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        while (!record->index_progress().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::int64_t rows(const std::string& sql) {
        auto snapshot = database->read();
        auto cursor = snapshot->connection().query(sql);
        return cursor.next() ? cursor.integer(0) : -1;
    }
};

inline ReadFilter standing(std::vector<std::int64_t> grantees, std::vector<std::int64_t> organisations) {
    ReadFilter filter;
    filter.scope = ReadFilter::Scope::standing;
    filter.grantees = std::move(grantees);
    filter.organisations = std::move(organisations);
    return filter;
}

inline Actor actor_of(std::int64_t person, std::int64_t organisation) {
    Actor actor;
    actor.person = person;
    actor.organisation = organisation;
    return actor;
}

}  // namespace qiao::record::testing
