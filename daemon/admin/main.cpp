// hameau-admin: the program behind the admin's socket. hameaud starts it at the first byte of `hameau`.
#include "daemon/admin/admin.hpp"
#include "daemon/host/host.hpp"

int main() { return hameau::run_module(hameau::admin_manifest, hameau::make_admin); }
