# A member took a message out of Junk, or filed one of the inbox. Throwing it away says nothing.
require ["copy", "environment", "imapsieve", "vnd.dovecot.pipe"];
if environment :matches "imap.mailbox" ["Trash", "Trash/*", "Junk", "Junk/*"] {
  stop;
}
pipe :copy :try "hameau-words" ["/var/lib/hameau/mail", "62010", "ham"];
