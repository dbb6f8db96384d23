# What the filter marked goes to Junk, and is not forwarded: no later script runs.
require ["fileinto", "mailbox"];
if header :contains "X-Spam-Flag" "YES" {
  fileinto :create "Junk";
}
