# What a check marked, or what this association's word list calls spam, goes to Junk and is not forwarded: no later script runs.
# Fields of that name that came with the message say what its sender wants to be believed.
require ["fileinto", "mailbox", "editheader", "vnd.dovecot.execute"];
deleteheader "X-Hameau-Spam";
deleteheader "X-Bogosity";
if header :contains "X-Spam-Flag" "YES" {
  fileinto :create "Junk";
} elsif execute :pipe "hameau-words" ["/var/lib/hameau/mail", "62010", "judge"] {
  addheader "X-Hameau-Spam" "YES";
  fileinto :create "Junk";
}
