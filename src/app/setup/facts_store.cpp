#include "app/setup/facts_store.hpp"

namespace qiao::app::setup {
namespace {

bool any(storage::Database& record, std::string_view sql) {
    const auto snapshot = record.read();
    auto rows = snapshot->connection().query(sql);
    return rows.next();
}

}  // namespace

bool opinion_signed(storage::Database& record) { return any(record, "SELECT 1 FROM flow_move WHERE machine = 'consult' AND action = 'sign' LIMIT 1"); }

bool device_listed(storage::Database& record) { return any(record, "SELECT 1 FROM imaging_ae LIMIT 1"); }

}  // namespace qiao::app::setup
