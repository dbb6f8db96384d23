// The program hameau-admin.
#include "daemon/admin/admin.hpp"
#include "daemon/host/host.hpp"

int main() { return hameau::run_module(hameau::admin_manifest, hameau::make_admin); }
