-- name: insert_attachment
INSERT INTO attachment (id, number, name, media_type, size, sha256, content, added_by, added_at)
VALUES (:id, :number, :name, :media_type, :size, :sha256, :content, :added_by, :added_at)

-- name: attachments
SELECT id, name, media_type, size, sha256, added_by, added_at FROM attachment WHERE number = :number ORDER BY added_at, id

-- name: attachment
SELECT * FROM attachment WHERE number = :number AND id = :id
