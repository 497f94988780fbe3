#pragma once

#include "record/store/core.hpp"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

/// One unit of change: gathered on the caller's thread, checked and written on the writer thread.
namespace qiao::record {

/// One resource as this work will leave it.
struct Pending {
    TypeId type = TypeId::none;
    std::string id;
    char operation = 'C';       ///< C: must not exist, U: create or replace, D: delete
    bool fresh = false;         ///< the id was made for it: nobody else knows it
    std::int64_t expected = 0;  ///< version that must be the newest; 0 = any
    std::string body;           ///< as stored_body() made it; empty for D
    std::string packed;
    Indexed index;
    std::vector<std::string> refers;  ///< of a plain work: what the body refers to
    // What was there when the caller looked: its rows and references are found off the writer thread.
    std::int64_t base_version = 0;
    DerivedPtr base;  ///< nullptr: not live
};

class StoreWork : public Work {
public:
    StoreWork(Core& core, const ReadFilter& filter, const Actor& actor) : core_(core), filter_(filter), actor_(actor) {}

    using Work::load;
    Stored load(std::string_view type, std::string_view id) override;
    Reader& reader() override;
    std::string create(json::Value resource) override;
    std::string create_text(std::string_view json) override;
    void create_fresh(std::string_view type, std::string_view id, std::string_view json);
    void update(json::Value resource, std::int64_t expected_version) override;
    void update_text(std::string_view type, std::string_view id, std::string_view json, std::int64_t expected_version) override;
    void remove(std::string_view type, std::string_view id, std::int64_t expected_version) override;
    void plain() override { plain_ = true; }
    void at(std::string_view place) override { place_ = std::string(place); }
    void check(std::function<void(storage::Group&)> guard) override { checks_.push_back(std::move(guard)); }
    void skip_if(std::function<bool(storage::Group&)> guard) override { skips_.push_back(std::move(guard)); }
    void also(std::function<void(storage::Group&, const RidOf&)> rows) override { rows_.push_back(std::move(rows)); }
    void after_commit(std::function<void(const Commit&)> then) override { after_.push_back(std::move(then)); }
    Commit commit() override;
    [[nodiscard]] Stored written(std::string_view reference) const override;

    /// The pending state of "Type/id", or nullptr. As a read would show it once committed.
    [[nodiscard]] const Pending* pending(std::string_view type, std::string_view id) const;
    [[nodiscard]] Stored shown(const Pending& change) const;

private:
    /// A row of `res` as the writer thread finds it.
    struct Current {
        Rid rid = 0;
        std::int64_t version = 0;
        State state = State::stub;
        std::int64_t date = kNoDate;
        std::int64_t acl = 0;
        std::int64_t patient_rid = 0;
        std::int64_t organisation = 0;
        bool is_new = false;  ///< nobody referred to it before
        [[nodiscard]] bool exists() const { return rid != 0 && state != State::stub; }
    };

    StoreReader& store();
    Pending& slot(TypeId type, std::string id, char operation);
    void check_rules(std::string_view json);
    Pending& put(std::string_view json, TypeId type, std::string id, char operation, std::int64_t expected);
    std::string kept_subscription(const std::string& id, std::string_view json);
    void define_search(const std::string& id, std::string_view json);
    void remember_base(Pending& change);
    void keep_derived();

    // Writer thread.
    void verify(storage::Group& group);
    void verify_one(storage::Connection& connection, const Pending& change, const Current& current);
    void verify_closed(storage::Group& group, const Pending& change, const Current& current);
    [[nodiscard]] bool makes(std::string_view reference) const;
    void verify_patient(storage::Connection& connection, const Pending& change, const Current& current);
    void apply(storage::Group& group);
    void write_one(storage::Group& group, RowWriter& writer, std::size_t index);
    const Rows& without_jobs(const Rows& rows, TypeId type, Rid rid, Rows& kept) const;
    DerivedPtr before(storage::Connection& connection, const Pending& change, const Current& current);
    std::int64_t acl_of(storage::Group& group, const Pending& change, const Current& current, Rid patient);
    Rid rid_of(storage::Group& group, const Target& target);
    Rid patient_of(storage::Group& group, const Pending& change);
    void note_date_span(storage::Group& group, const Pending& change);
    void add_outbox(storage::Group& group, RowWriter& writer, const Change& change);
    bool visible(storage::Connection& connection, Rid rid);
    static Current find(storage::Connection& connection, TypeId type, std::string_view id);

    Core& core_;
    ReadFilter filter_;
    Actor actor_;
    std::string place_;
    bool plain_ = false;
    std::unique_ptr<StoreReader> store_;
    std::unique_ptr<Reader> overlay_;
    std::vector<Pending> pending_;
    std::map<std::string, std::size_t, std::less<>> by_reference_;
    std::map<std::string, std::int64_t, std::less<>> loaded_;
    std::vector<std::function<void(storage::Group&)>> checks_;
    std::vector<std::function<bool(storage::Group&)>> skips_;
    std::vector<std::function<void(storage::Group&, const RidOf&)>> rows_;
    std::vector<std::function<void(const Commit&)>> after_;

    // State of one run of the unit, made anew by verify().
    bool skipped_ = false;
    std::vector<Current> current_;
    std::map<Target, Rid> rids_;
    std::vector<Change> changes_;

    Commit done_;
};

}  // namespace qiao::record
